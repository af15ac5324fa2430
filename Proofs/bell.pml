/* The bell of Sources/Multiprocessing/Channels/README.md, checked by spin: every interleaving of TAKERS that wait for an
 * item and give up at any time, WATCHERS that wait for an item and leave it to others, and PUTTERS that put one, any of
 * which may die before any step. The first PACED of the takers sleep once for another reason, items or not, for a limited
 * time (as a put does that keeps pace with the consumers), and may fail before they look.
 *
 * The bell is a version and the bit that somebody may sleep; what is waited for lies in another word, unlike the
 * semaphore's. The kernel's sleep compares the bell and the count of deaths and goes to sleep in one step, as futex_waitv
 * does; a wake-up is a message to one sleeper, which may die with it. The parent of all notices each death: marks, raises
 * the count, wakes all.
 *
 * MUTANT breaks one rule at a time, to show that the model would notice: 1 who leaves passes the wake-up on by a wake-up
 * alone, 2 who announced itself does not look again, 3 the version stays the same, 4 who has taken
 * it off wakes nobody, 5 deaths wake nobody, 6 who leaves passes nothing on, 7 who fails after it kept pace passes nothing on.
 *
 * Shown: when nothing moves any more, no live taker or watcher sleeps while there is an item. */
#ifndef TAKERS
#define TAKERS 2
#endif
#ifndef WATCHERS
#define WATCHERS 1
#endif
#ifndef PUTTERS
#define PUTTERS 2
#endif
#ifndef PACED
#define PACED 0
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef MUTANT
#define MUTANT 0
#endif
#define SLEEPERS (TAKERS + WATCHERS)
#define N (SLEEPERS + PUTTERS)

byte items = 0;
byte version = 0;        /* the bell: its version ... */
bit sleepers = 0;        /* ... and bit 0 */
byte deaths = 0;         /* the registry's count */
byte isMarked[N];        /* the registry's slots: marked as dead */
byte isDead[N];          /* what really happened */
bit isAsleep[SLEEPERS];  /* in the kernel, on the bell */
bit isWoken[SLEEPERS];   /* woken, not yet returned */
byte mayDie;             /* deaths to come: any number up to DEATHS */
byte mayLeave;           /* how many will find their time over while they sleep: none or one */

#define STEP(action) atomic { if :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead :: true -> action fi }

#if MUTANT == 3
#define CHANGE skip
#else
#define CHANGE version++
#endif

/* One of the sleepers, whichever, or nobody. A sleeper that is woken leaves the queue of the kernel. */
inline wakeOne(found) {
  found = 1;
  if
  :: isAsleep[0] -> isAsleep[0] = 0; isWoken[0] = 1
  :: isAsleep[1] -> isAsleep[1] = 0; isWoken[1] = 1
#if SLEEPERS > 2
  :: isAsleep[2] -> isAsleep[2] = 0; isWoken[2] = 1
#endif
  :: else -> found = 0
  fi
}
inline wakeSleeper(who) { if :: isAsleep[who] -> isAsleep[who] = 0; isWoken[who] = 1 :: else fi }
inline wakeAll() {
  wakeSleeper(0);
  wakeSleeper(1);
#if SLEEPERS > 2
  wakeSleeper(2)
#endif
}

inline ring() {
  STEP(ringVersion = version; wasOn = sleepers);
  if
  :: wasOn ->
    STEP(wakeOne(did));
    if
    :: !did ->
      STEP(
        if
        :: version == ringVersion && sleepers == 1 -> CHANGE; sleepers = 0; did = 1
        :: else -> did = 0
        fi);
      if
      :: did && MUTANT != 4 -> STEP(wakeAll())
      :: else
      fi
    :: else
    fi
  :: else
  fi
}

inline passOn() {
  if
  :: MUTANT == 1 -> STEP(wakeOne(did))
  :: MUTANT == 6 -> skip
  :: else -> ring()
  fi
}

/* Takes an item if there is one, or, a watcher, only sees it. */
inline look() {
  STEP(
    if
    :: items > 0 -> found = 1; if :: me < TAKERS -> items-- :: else fi
    :: else -> found = 0
    fi)
}

proctype waiter(byte me) {
  byte seenVersion, seenDeaths, ringVersion;
  bit wasOn, did, found, isOver;
  bit isPaced = me < PACED;
again:
  /* Forgotten, so that fewer states differ. */
  atomic { seenVersion = 0; ringVersion = 0; wasOn = 0; did = 0 };
  if
  :: isPaced -> skip
  :: else ->
    STEP(seenDeaths = deaths);
    look();
    if :: found -> goto done :: else fi
  fi;
  STEP(seenVersion = version; wasOn = sleepers);
  if
  :: !wasOn ->
    STEP(
      if
      :: version == seenVersion && sleepers == 0 -> CHANGE; sleepers = 1; seenVersion = version
      :: else -> goto again
      fi)
  :: else
  fi;
  if
  :: MUTANT != 2 && !isPaced -> look()
  :: else
  fi;
  if :: found -> goto done :: else fi;
  if
  :: isOver -> passOn(); goto over
  :: else
  fi;
  STEP(
    if
    :: version == seenVersion && sleepers == 1 && (isPaced || deaths == seenDeaths) -> isAsleep[me] = 1; isWoken[me] = 0
    :: else -> if :: isPaced -> goto paced :: else -> goto again fi
    fi);
  /* In the kernel: killed, woken, or its time is over; that may never come. */
endAsleep:
  atomic {
    if
    :: mayDie > 0 -> mayDie--; isDead[me] = 1; isAsleep[me] = 0; goto dead
    :: isWoken[me] -> isWoken[me] = 0; if :: isOver = 1 :: skip fi
    :: isPaced -> isAsleep[me] = 0; isWoken[me] = 0
    :: mayLeave > 0 && !isPaced -> mayLeave--; isAsleep[me] = 0; isWoken[me] = 0; isOver = 1
    fi
  };
  if :: isPaced -> goto paced :: else -> goto again fi;
paced:
  /* It puts now, as others do, or cannot. */
  isPaced = 0;
  if
  :: goto again
  :: true -> if :: MUTANT != 7 -> passOn() :: else fi; goto over
  fi;
done:
  if
  :: me >= TAKERS -> passOn()
  :: else
  fi;
dead:
over:
  atomic { seenVersion = 0; seenDeaths = 0; ringVersion = 0; wasOn = 0; did = 0; found = 0; isOver = 0; isPaced = 0 }
}

proctype putter(byte me) {
  byte ringVersion;
  bit wasOn, did;
  STEP(items++);
  ring();
dead:
  atomic { ringVersion = 0; wasOn = 0; did = 0 }
}

inline bury(who) { isMarked[who] = 1; atomic { deaths++; if :: MUTANT != 5 -> wakeAll() :: else fi } }

/* The parents: notice every death. */
active proctype parent() {
  byte i;
end:
  do
  :: atomic { isDead[0] && !isMarked[0] -> i = 0 }; bury(i)
  :: atomic { isDead[1] && !isMarked[1] -> i = 1 }; bury(i)
  :: atomic { isDead[2] && !isMarked[2] -> i = 2 }; bury(i)
  :: atomic { isDead[3] && !isMarked[3] -> i = 3 }; bury(i)
#if N > 4
  :: atomic { isDead[4] && !isMarked[4] -> i = 4 }; bury(i)
#endif
  :: timeout ->
    i = 0;
    do
    :: i < SLEEPERS -> assert(items == 0 || !isAsleep[i]); i++
    :: else -> break
    od;
    break
  od
}

init {
  atomic {
    byte i = 0;
    select(mayDie : 0 .. DEATHS);
    select(mayLeave : 0 .. 1);
    do :: i < SLEEPERS -> run waiter(i); i++ :: else -> break od;
    do :: i < N -> run putter(i); i++ :: else -> break od
  }
}
