/* The word of the semaphore of Sources/Multiprocessing/Synchronization/README.md, checked by spin: every interleaving of
 * TAKERS that acquire and GIVERS that release, any of which may die before any step.
 *
 * Word: count and the bit that somebody may sleep. The kernel's sleep compares the word and the count of deaths and goes to
 * sleep in one step, as futex_waitv does; a wake-up is a message to one sleeper, which may die with it. The bell (parent of
 * all) notices each death: marks, raises the count, wakes all.
 *
 * MUTANT breaks one rule at a time, to show that the model would notice: 1 a release that has taken the bit off wakes
 * nobody, 2 the bell wakes nobody, 3 one that was woken leaves without a look, 4 the bit is taken off by a store instead
 * of a swap.
 *
 * Shown: when nothing moves any more, no live taker sleeps while there is a permit; and no permit comes from nowhere. */
#ifndef TAKERS
#define TAKERS 3
#endif
#ifndef GIVERS
#define GIVERS 3
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef MUTANT
#define MUTANT 0
#endif
#define N (TAKERS + GIVERS)

byte count = 0;          /* the word: permits ... */
bit sleepers = 0;        /* ... and bit 31 */
byte deaths = 0;         /* the registry's count */
byte released = 0;
byte taken = 0;
byte isMarked[N];        /* the registry's slots: marked as dead */
byte isDead[N];          /* what really happened */
bit isAsleep[TAKERS];    /* in the kernel, on the word */
bit isWoken[TAKERS];     /* woken, not yet returned */
byte mayDie;             /* deaths to come: any number up to DEATHS */

#define STEP(action) atomic { if :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead :: true -> action fi }

/* One of the sleepers, whichever, or nobody. A sleeper that is woken leaves the queue of the kernel. */
inline wakeOne(found) {
  found = 1;
  if
  :: isAsleep[0] -> isAsleep[0] = 0; isWoken[0] = 1
  :: isAsleep[1] -> isAsleep[1] = 0; isWoken[1] = 1
#if TAKERS > 2
  :: isAsleep[2] -> isAsleep[2] = 0; isWoken[2] = 1
#endif
  :: else -> found = 0
  fi
}
inline wakeTaker(who) { if :: isAsleep[who] -> isAsleep[who] = 0; isWoken[who] = 1 :: else fi }
inline wakeAll() {
  wakeTaker(0);
  wakeTaker(1);
#if TAKERS > 2
  wakeTaker(2)
#endif
}

proctype taker(byte me) {
  byte seenCount, seenDeaths;
  bit seenSleepers;
again:
  STEP(seenDeaths = deaths);
look:
  STEP(seenCount = count; seenSleepers = sleepers);
  if
  :: seenCount > 0 ->
    /* compare and swap */
    STEP(
      if
      :: count == seenCount && sleepers == seenSleepers -> count--; taken++; assert(taken <= released); goto over
      :: else -> goto look
      fi)
  :: else ->
    if
    :: !seenSleepers ->
      STEP(
        if
        :: count == 0 && sleepers == 0 -> sleepers = 1; seenSleepers = 1
        :: else -> goto look
        fi)
    :: else
    fi
  fi;
  /* Its time may be over: it leaves now, after its last look. */
  if :: goto over :: skip fi;
  STEP(
    if
    :: count == seenCount && sleepers == seenSleepers && deaths == seenDeaths ->
      isAsleep[me] = 1; isWoken[me] = 0
    :: else -> goto again
    fi);
  /* In the kernel: killed or woken. */
endAsleep:
  atomic {
    if
    :: mayDie > 0 -> mayDie--; isDead[me] = 1; isAsleep[me] = 0; goto dead
    :: isWoken[me] -> isWoken[me] = 0; if :: MUTANT == 3 -> goto over :: true -> skip fi
    fi
  };
  goto again;
dead:
  skip;
over:
  skip
}

proctype giver(byte me) {
  byte written;
  bit hadSleepers, wasWoken;
  STEP(count++; released++; written = count; hadSleepers = sleepers);
  if
  :: !hadSleepers -> goto dead
  :: else
  fi;
  STEP(wakeOne(wasWoken));
  if
  :: wasWoken -> goto dead
  :: else
  fi;
  STEP(
    if
    :: MUTANT == 4 -> count = written; sleepers = 0
    :: MUTANT != 4 && count == written && sleepers == 1 -> sleepers = 0
    :: else -> goto dead
    fi);
  if
  :: MUTANT != 1 -> STEP(wakeAll())
  :: else
  fi;
dead:
  skip
}

inline ring(who) { isMarked[who] = 1; atomic { deaths++; if :: MUTANT != 2 -> wakeAll() :: else fi } }

/* The parents: notice every death. */
active proctype bell() {
  byte i;
end:
  do
  :: atomic { isDead[0] && !isMarked[0] -> i = 0 }; ring(i)
  :: atomic { isDead[1] && !isMarked[1] -> i = 1 }; ring(i)
  :: atomic { isDead[2] && !isMarked[2] -> i = 2 }; ring(i)
  :: atomic { isDead[3] && !isMarked[3] -> i = 3 }; ring(i)
#if N > 4
  :: atomic { isDead[4] && !isMarked[4] -> i = 4 }; ring(i)
#endif
#if N > 5
  :: atomic { isDead[5] && !isMarked[5] -> i = 5 }; ring(i)
#endif
  :: timeout ->
    i = 0;
    do
    :: i < TAKERS -> assert(count == 0 || !isAsleep[i]); i++
    :: else -> break
    od;
    break
  od
}

init {
  atomic {
    byte i = 0;
    select(mayDie : 0 .. DEATHS);
    do :: i < TAKERS -> run taker(i); i++ :: else -> break od;
    do :: i < N -> run giver(i); i++ :: else -> break od
  }
}
