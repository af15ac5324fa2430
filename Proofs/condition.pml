/* The condition of Sources/Multiprocessing/Synchronization/README.md, checked by spin: every interleaving of two that take,
 * one that puts and (unless ALONE) one that only takes the lock and gives it up, any of which may die before any step.
 *
 * The lock and the latch are those of lock.pml, seen from above: taken when free or when the holder is marked as dead.
 * Takers wait until there is a token; a putter adds one and notifies. The kernel's sleep compares slot and deaths.
 *
 * MUTANT breaks one rule at a time: 1 a granted waiter frees its slot before it has the lock, 2 the sweep frees a dead
 * slot and passes nothing on, 3 waiters do not look at the lock's holder and takeovers, 4 a taker of the lock raises
 * takeovers after the take.
 *
 * Shown: when nothing moves any more, no live taker sleeps while a token lies there, and nobody waits for latch or lock. */
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef MUTANT
#define MUTANT 0
#endif
#define TAKERS 2
#define N (TAKERS + 2)

byte lock = 0;           /* holder + 1 */
byte latch = 0;
byte takeovers = 0;
byte deaths = 0;
byte swept = 0;
bit isMarked[N];
bit isDead[N];
byte slot[TAKERS];       /* 0 free, 1 waiting, 2 granted */
bit isAsleep[TAKERS];
byte tokens = 0;
byte mayDie;             /* deaths to come: any number up to DEATHS */

#define STEP(action) atomic { if :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead :: true -> action fi }
#define isFree(word) (word == 0 || isMarked[word - 1])

inline takeLatch() { STEP(skip); atomic { isFree(latch) -> latch = me + 1 } }
inline dropLatch() { STEP(latch = 0) }
/* Raises the count first, then takes: two steps. */
inline takeLock() {
  do
  :: atomic { isFree(lock) -> seenHolder = lock };
    if
    :: seenHolder != 0 && MUTANT != 4 -> STEP(takeovers++)
    :: else
    fi;
    STEP(
      if
      :: lock == seenHolder -> lock = me + 1; hasLock = 1
      :: else -> hasLock = 0
      fi);
    if
    :: hasLock && seenHolder != 0 && MUTANT == 4 -> STEP(takeovers++)
    :: else
    fi;
    if :: hasLock -> break :: else fi
  od
}
inline wake(who) { STEP(isAsleep[who] = 0) }

/* Under the latch. Grants to whichever live slot waits; -> next, TAKERS if there is none. */
inline pick() {
  if
  :: slot[0] == 1 && !isMarked[0] -> next = 0
  :: slot[1] == 1 && !isMarked[1] -> next = 1
  :: else -> next = TAKERS
  fi
}
inline sweepSlot(who) {
  if
  :: slot[who] != 0 && isMarked[who] ->
    if
    :: slot[who] == 2 && MUTANT != 2 ->
      STEP(pick(); if :: next < TAKERS -> slot[next] = 2; toWake = next :: else fi)
    :: else
    fi;
    STEP(slot[who] = 0)
  :: else
  fi
}
inline sweep() {
  STEP(seenSweep = deaths);
  if
  :: seenSweep != swept -> sweepSlot(0); sweepSlot(1); STEP(swept = seenSweep)
  :: else
  fi
}

proctype taker(byte me) {
  byte seenDeaths, seenHolder, seenTakeovers, seenSweep, next, toWake = TAKERS;
  bit hasLock;
  takeLock();
again:
  if
  :: tokens > 0 -> goto have
  :: else
  fi;
  /* enlist, then give up the lock */
  takeLatch(); sweep(); STEP(slot[me] = 1); dropLatch();
  if :: toWake < TAKERS -> wake(toWake); toWake = TAKERS :: else fi;
  STEP(seenTakeovers = takeovers);
  STEP(lock = 0);
look:
  STEP(seenDeaths = deaths);
  if
  :: seenDeaths != swept ->
    takeLatch(); sweep(); dropLatch();
    if :: toWake < TAKERS -> wake(toWake); toWake = TAKERS :: else fi
  :: else
  fi;
  if
  :: slot[me] == 2 -> goto back
  :: MUTANT != 3 && ((lock != 0 && isMarked[lock - 1]) || takeovers != seenTakeovers) -> goto back
  :: else
  fi;
  STEP(
    if
    :: slot[me] == 1 && deaths == seenDeaths -> isAsleep[me] = 1
    :: else -> goto look
    fi);
endAsleep:
  atomic {
    if
    :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead
    :: !isAsleep[me] -> skip
    fi
  };
  goto look;
back:
  if
  :: MUTANT == 1 -> STEP(slot[me] = 0); takeLock()
  :: else -> takeLock(); STEP(slot[me] = 0)
  fi;
  goto again;
have:
  STEP(assert(tokens > 0); tokens--);
  STEP(lock = 0);
dead:
  skip
}

proctype putter(byte me) {
  byte seenHolder, seenSweep, next, granted = TAKERS, toWake = TAKERS;
  bit hasLock;
  takeLock();
  STEP(tokens++);
  takeLatch(); sweep();
  STEP(pick(); if :: next < TAKERS -> slot[next] = 2; granted = next :: else fi);
  dropLatch();
  if :: toWake < TAKERS -> wake(toWake) :: else fi;
  if :: granted < TAKERS -> wake(granted) :: else fi;
  STEP(lock = 0);
dead:
  skip
}

proctype bystander(byte me) {
  byte seenHolder;
  bit hasLock;
  takeLock();
  STEP(lock = 0);
dead:
  skip
}

inline ring(who) {
  isMarked[who] = 1;
  deaths++;
  atomic { isAsleep[0] = 0; isAsleep[1] = 0 }
}

active proctype bell() {
end:
  do
  :: isDead[0] && !isMarked[0] -> ring(0)
  :: isDead[1] && !isMarked[1] -> ring(1)
  :: isDead[2] && !isMarked[2] -> ring(2)
  :: isDead[3] && !isMarked[3] -> ring(3)
  :: timeout ->
    assert(tokens == 0 || ((isDead[0] || !isAsleep[0]) && (isDead[1] || !isAsleep[1])));
    break
  od
}

init {
  atomic {
    select(mayDie : 0 .. DEATHS);
    run taker(0);
    run taker(1);
    run putter(2);
#ifndef ALONE
    run bystander(3)
#endif
  }
}
