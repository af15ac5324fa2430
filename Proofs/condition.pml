/* The condition of Sources/Multiprocessing/Synchronization/README.md, checked by spin: every interleaving of two takers that
 * wait for tokens, one of which may find its time over, a putter that puts one and notifies, and a bystander who takes the
 * lock and gives it up, any of which may die before any step.
 *
 * The lock is that of lock.pml, seen from above: taken when free or when the holder is marked as dead. There is no latch:
 * who notifies reads the line first, and then grants by one compare and swap a slot, which fails where the waiter has given
 * up or come back with another ticket. Takers wait until there is a token; a putter adds one and notifies. The kernel's
 * sleep compares slot and deaths.
 *
 * MUTANT breaks one rule at a time: 1 a granted waiter frees its slot before it has the lock, 2 the sweep frees a dead
 * slot and passes nothing on, 3 waiters do not look at the lock's holder and takeovers, 4 a taker of the lock raises
 * takeovers after the take, 5 who gives up frees its slot by a store, 6 who finds that a waiter has given up lets no other
 * go instead, 7 the sweep frees a slot by a store.
 *
 * Shown: when nothing moves any more, no live taker sleeps while a token lies there, and nobody waits for the lock. */
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef LEAVES
#define LEAVES 1
#endif
#ifndef MUTANT
#define MUTANT 0
#endif
#define TAKERS 2
#define N (TAKERS + 2)

byte lock = 0;           /* holder + 1 */
byte takeovers = 0;
byte deaths = 0;
byte swept = 0;
bit isMarked[N];
bit isDead[N];
byte slot[TAKERS];       /* 0 free, 1 waiting, 2 granted */
byte ticket[TAKERS];     /* with the slot in one word */
bit isAsleep[TAKERS];
byte tokens = 0;
byte mayDie;             /* deaths to come: any number up to DEATHS */
byte mayLeave = LEAVES;  /* how many may find their time over while they sleep */

#define STEP(action) atomic { if :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead :: true -> action fi }
#define isFree(word) (word == 0 || isMarked[word - 1])

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

/* Reads one place of the line. */
inline read(who) {
  STEP(line[who] = (slot[who] == 1 && !isMarked[who]); seenTicket[who] = ticket[who])
}
/* Lets one go that was read, if it still waits; then it is the last. */
inline try(who) {
  if
  :: line[who] ->
    STEP(
      line[who] = 0;
      if
      :: slot[who] == 1 && ticket[who] == seenTicket[who] -> slot[who] = 2; toWake = who
      :: else -> if :: MUTANT == 6 -> line[0] = 0; line[1] = 0 :: else fi
      fi);
    if
    :: toWake < TAKERS -> line[0] = 0; line[1] = 0; STEP(isAsleep[toWake] = 0; toWake = TAKERS)
    :: else
    fi
  :: else
  fi
}
inline grant() {
  read(0); read(1);
  if
  :: ticket[0] <= ticket[1] -> try(0); try(1)
  :: else -> try(1); try(0)
  fi
}
inline sweepSlot(who) {
  do
  :: slot[who] != 0 && isMarked[who] ->
    STEP(seenSlot = slot[who]);
    if
    :: seenSlot == 2 && MUTANT != 2 -> grant()
    :: else
    fi;
    STEP(if :: slot[who] == seenSlot || MUTANT == 7 -> slot[who] = 0 :: else fi)
  :: else -> break
  od
}
inline sweep() {
  STEP(seenSweep = deaths);
  if
  :: seenSweep != swept -> sweepSlot(0); sweepSlot(1); STEP(swept = seenSweep)
  :: else
  fi
}

#define LOCALS byte seenHolder, seenSweep, seenSlot, toWake = TAKERS; byte seenTicket[TAKERS]; bit line[TAKERS]; bit hasLock

proctype taker(byte me) {
  byte seenDeaths, seenTakeovers;
  bit hasLeft = 0;
  LOCALS;
  takeLock();
again:
  if
  :: tokens > 0 -> goto have
  :: tokens == 0 && hasLeft -> STEP(lock = 0); goto dead
  :: else
  fi;
  /* enlist, then give up the lock */
  STEP(slot[me] = 1; ticket[me] = ticket[0] + ticket[1] + 1);
  STEP(seenTakeovers = takeovers);
  STEP(lock = 0);
look:
  STEP(seenDeaths = deaths);
  sweep();
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
    :: !isAsleep[me] -> goto look
    :: mayLeave > 0 -> mayLeave--; isAsleep[me] = 0; hasLeft = 1
    fi
  };
  /* Its time is over: not any more, if it was granted before. */
  STEP(if :: slot[me] == 1 || MUTANT == 5 -> slot[me] = 0 :: else fi);
  if
  :: slot[me] == 0 -> takeLock(); goto again
  :: else
  fi;
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
  LOCALS;
  takeLock();
  STEP(tokens++);
  sweep();
  grant();
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
