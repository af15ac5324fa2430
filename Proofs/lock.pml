/* The lock of Sources/Multiprocessing/Synchronization/README.md, checked by spin: every interleaving of N processes, any
 * of which may die before any step.
 *
 * Word: owner (0: free, i + 1: process i) and the bit that somebody may sleep. The kernel's sleep compares the word and the
 * count of deaths and goes to sleep in one step, as futex_waitv does; a wake-up is a message to one sleeper, which may
 * die with it. The bell (parent of all) notices each death: marks, raises the count, wakes all.
 *
 * MUTANT breaks one rule at a time, to show that the model would notice: 1 the taker forgets that others may sleep,
 * 2 the sleep does not compare the deaths, 3 one that was woken leaves without a look, 4 the bell wakes before it marks.
 *
 * Shown: never two live holders; nobody sleeps for ever (no bad end state); a live process that wants the lock gets it
 * unless time ran out; whoever takes it from a dead holder knows it. */
#ifndef N
#define N 3
#endif
#ifndef DEATHS
#define DEATHS 2
#endif
#ifndef MUTANT
#define MUTANT 0
#endif

byte owner = 0;        /* the word: holder ... */
bit sleepers = 0;      /* ... and bit 31 */
byte deaths = 0;       /* the registry's count */
bit isMarked[N];       /* the registry's slots: marked as dead */
bit isDead[N];         /* what really happened */
bit isAsleep[N];       /* in the kernel, on the word */
bit isWoken[N];        /* woken, not yet returned */
byte inside = 0;       /* live processes that hold it */
byte mayDie;             /* deaths to come: any number up to DEATHS */
byte ended = 0;

inline die() { isDead[me] = 1; isAsleep[me] = 0; goto dead }
/* A process may die before each of its steps. */
#define STEP(action) atomic { if :: mayDie > 0 -> mayDie--; die() :: true -> action fi }

/* One of the sleepers, whichever, or nobody. A sleeper that is woken leaves the queue of the kernel. */
inline wakeOne() {
  if
  :: isAsleep[0] -> isAsleep[0] = 0; isWoken[0] = 1
  :: isAsleep[1] -> isAsleep[1] = 0; isWoken[1] = 1
#if N > 2
  :: isAsleep[2] -> isAsleep[2] = 0; isWoken[2] = 1
#endif
  :: else -> skip
  fi
}

proctype process(byte me) {
  byte seenOwner, seenDeaths;
  bit seenSleepers, hasSlept = 0, hadSleepers;
again:
  STEP(seenDeaths = deaths);
look:
  STEP(seenOwner = owner; seenSleepers = sleepers);
  if
  :: seenOwner == 0 || isMarked[seenOwner - 1] ->
    /* compare and swap */
    STEP(
      if
      :: owner == seenOwner && sleepers == seenSleepers ->
        assert(seenOwner == 0 || isDead[seenOwner - 1]);
        owner = me + 1;
        sleepers = sleepers | (hasSlept && MUTANT != 1);
        goto holding
      :: else -> goto look
      fi)
  :: else ->
    if
    :: !seenSleepers ->
      STEP(
        if
        :: owner == seenOwner && sleepers == 0 -> sleepers = 1; seenSleepers = 1
        :: else -> goto look
        fi)
    :: else
    fi
  fi;
  /* Its time may be over: it leaves now, after its last look. */
  if :: goto leaving :: skip fi;
  STEP(
    if
    :: owner == seenOwner && sleepers == seenSleepers && (deaths == seenDeaths || MUTANT == 2) -> isAsleep[me] = 1; isWoken[me] = 0
    :: else -> goto again
    fi);
  /* In the kernel: killed, woken, or out of time, which takes it out of the queue. */
  atomic {
    if
    :: mayDie > 0 -> mayDie--; die()
    :: isWoken[me] -> isWoken[me] = 0; if :: MUTANT == 3 -> goto leaving :: true -> skip fi
    fi
  };
  hasSlept = 1;
  goto again;
holding:
  atomic { inside++; assert(inside == 1) };
  /* A death inside is noticed by whoever takes it over: the holder's work counts as unrepaired. */
  atomic {
    if :: mayDie > 0 -> mayDie--; inside--; die() :: true -> skip fi
  };
release:
  atomic {
    if :: mayDie > 0 -> mayDie--; inside--; die() :: true -> skip fi;
    assert(owner == me + 1);
    hadSleepers = sleepers;
    owner = 0; sleepers = 0; inside--
  };
  if
  :: hadSleepers -> STEP(wakeOne())
  :: else
  fi;
leaving:
  atomic { ended++; goto over };
dead:
  skip;
over:
  skip
}

inline wakeAll() {
  atomic {
    i = 0;
    do
    :: i < N -> if :: isAsleep[i] -> isAsleep[i] = 0; isWoken[i] = 1 :: else fi; i++
    :: else -> break
    od
  }
}
inline ring(who) {
  if
  :: MUTANT != 4 -> isMarked[who] = 1; deaths++; wakeAll()
  :: else -> deaths++; wakeAll(); isMarked[who] = 1
  fi
}

/* The parents: notice every death. A parent's own death is noticed by its own parent, and so on: one bell stands for all. */
active proctype bell() {
  byte i;
end:
  do
  :: isDead[0] && !isMarked[0] -> ring(0)
  :: isDead[1] && !isMarked[1] -> ring(1)
#if N > 2
  :: isDead[2] && !isMarked[2] -> ring(2)
#endif
  od
}

init { atomic { byte i = 0; select(mayDie : 0 .. DEATHS); do :: i < N -> run process(i); i++ :: else -> break od } }
