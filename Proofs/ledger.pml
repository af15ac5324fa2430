/* The ledger of the semaphore of Sources/Multiprocessing/Synchronization/README.md, checked by spin: every interleaving of
 * GIVERS that give back a permit each without ever waiting for the latch, and one taker that waits for a permit under the
 * latch, any of which may die before any step.
 *
 * Entry: 0 free, 1 held, 2 marked as given back. A giver that finds the latch held marks its entry, says so in
 * `returned`, and tries once more; whoever gives the latch up looks at `returned` after that. The journal, which makes the
 * change of count and entry one, is not modelled: that is one step here.
 *
 * MUTANT breaks one rule at a time: 1 who gives the latch up does not look, 2 `returned` is taken off after the entries
 * were read, 3 it is set before the mark, 4 a giver does not try again after its mark.
 *
 * Shown: when nothing moves any more, a live taker does not sleep while there is a permit or one that was given back; and
 * each permit comes back once. */
#ifndef GIVERS
#define GIVERS 2
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef MUTANT
#define MUTANT 0
#endif
#define TAKER GIVERS
#define N (GIVERS + 1)

byte count = 0;
byte entry[GIVERS];
byte latch = 0;          /* holder + 1 */
bit returned = 0;
byte deaths = 0;
byte swept = 0;
bit isMarked[N];         /* the registry's slots: marked as dead */
bit isDead[N];
bit isAsleep = 0;        /* the taker, on the word or on the latch */
bit sleepsOnLatch = 0;
byte mayDie;
byte back = 0;

#define STEP(action) atomic { if :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead :: true -> action fi }

inline tryLatch() { STEP(hasLatch = (latch == 0 || isMarked[latch - 1]); if :: hasLatch -> latch = me + 1 :: else fi) }
inline dropLatch() { STEP(latch = 0; if :: sleepsOnLatch -> isAsleep = 0 :: else fi) }
inline collectEntry(who) {
  STEP(
    if
    :: entry[who] == 2 || (entry[who] == 1 && isMarked[who]) -> entry[who] = 0; count++; back++; hasGiven = 1
    :: else
    fi)
}
/* Under the latch. */
inline collect() {
  STEP(seenDeaths = deaths);
  if :: MUTANT != 2 -> STEP(returned = 0) :: else fi;
  collectEntry(0); collectEntry(1);
  if :: MUTANT == 2 -> STEP(returned = 0) :: else fi;
  STEP(swept = seenDeaths)
}
inline wake() { if :: hasGiven -> STEP(if :: !sleepsOnLatch -> isAsleep = 0 :: else fi; hasGiven = 0) :: else fi }
inline settle() {
  do
  :: returned && MUTANT != 1 ->
    tryLatch();
    if
    :: !hasLatch -> break
    :: else -> collect(); dropLatch(); wake()
    fi
  :: else -> break
  od
}

proctype giver(byte me) {
  byte seenDeaths;
  bit hasLatch, hasGiven;
  tryLatch();
  if
  :: hasLatch -> STEP(entry[me] = 0; count++; back++; hasGiven = 1); dropLatch()
  :: else ->
    if :: MUTANT == 3 -> STEP(returned = 1) :: else fi;
    STEP(entry[me] = 2);
    if :: MUTANT != 3 -> STEP(returned = 1) :: else fi
  fi;
  if :: MUTANT == 4 -> skip :: else -> settle() fi;
  wake();
dead:
  skip
}

/* Takes all permits, one after another. */
proctype taker(byte me) {
  byte taken = 0, seenDeaths, seen, seenLatch;
  bit hasLatch, hasGiven;
look:
  STEP(seenDeaths = deaths);
  STEP(seen = count);
  if
  :: seen > 0 || seenDeaths != swept || returned ->
    tryLatch();
    if
    :: hasLatch ->
      if
      :: count > 0 -> STEP(count--; taken++)
      :: else -> collect()
      fi;
      dropLatch(); wake(); settle(); wake();
      if :: taken == GIVERS -> goto dead :: else -> goto look fi
    :: else ->
      STEP(seenDeaths = deaths);
      /* Sleeps while the latch is held by the same. */
      STEP(if :: latch != 0 && !isMarked[latch - 1] -> isAsleep = 1; sleepsOnLatch = 1 :: else -> goto look fi)
    fi
  :: else ->
    STEP(if :: count == seen && deaths == seenDeaths -> isAsleep = 1; sleepsOnLatch = 0 :: else -> goto look fi)
  fi;
endAsleep:
  atomic {
    if
    :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead
    :: !isAsleep -> goto look
    fi
  };
dead:
  skip
}

inline ring(who) { isMarked[who] = 1; atomic { deaths++; isAsleep = 0 } }

active proctype bell() {
end:
  do
  :: isDead[0] && !isMarked[0] -> ring(0)
  :: isDead[1] && !isMarked[1] -> ring(1)
  :: isDead[2] && !isMarked[2] -> ring(2)
  :: timeout ->
    assert(isDead[TAKER] || !isAsleep || (count == 0 && entry[0] != 2 && entry[1] != 2));
    assert(back <= GIVERS);
    break
  od
}

init {
  atomic {
    byte i = 0;
    select(mayDie : 0 .. DEATHS);
    do :: i < GIVERS -> entry[i] = 1; run giver(i); i++ :: else -> break od;
    run taker(TAKER)
  }
}
