/* The barrier of Sources/Multiprocessing/Synchronization/README.md, checked by spin: every interleaving of COMERS that come
 * ROUNDS times each, of whom any PARTIES make a round, and may find their time over, and of one who breaks and resets it, any
 * of which may die before any step.
 *
 * The phase (generation, broken, open, verdicts) is one word, and every step of it one compare and swap; who arrives does
 * so under a latch, which is taken when free or when its holder is marked as dead. No other step waits for the latch.
 *
 * MUTANT breaks one rule at a time: 1 a set is opened while parties are in it, 2 a reset takes off the verdict on the
 * generation before, 3 a dead party is cleared without breaking its generation, 4 who arrives does so without the
 * latch, 5 who has arrived does not look at the phase again.
 *
 * Shown: a party that is told its generation tripped came in one in which all came, and one that is told it broke in one
 * that did; no two parties of a generation have one number; and when nothing moves any more, nobody waits with a dead party. */
#ifndef PARTIES
#define PARTIES 2
#endif
#ifndef ROUNDS
#define ROUNDS 2
#endif
#ifndef DEATHS
#define DEATHS 0
#endif
#ifndef MUTANT
#define MUTANT 0
#endif
#ifndef COMERS
#define COMERS PARTIES
#endif
#define N (COMERS + 1)
#define MOST 12

/* The word. */
byte generation = 0;
bit isBroken = 0, isOpen = 0;
bit verdict[2];
byte latch = 0;
byte entry[4];           /* two sets of two: party + 1 */
bit isMarked[N];
bit isDead[N];
byte deaths = 0;
byte swept = 0;
byte mayDie;
byte mayLeave = 1;
byte came[MOST];         /* what really happened: arrivals of each generation ... */
byte truth[MOST];        /* ... and its end: 1 tripped, 2 broken or reset */
byte place[N];           /* the generation + 1 of who has come and not left */

#define STEP(action) atomic { if :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead :: true -> action fi }
#define SET (generation % 2)
#define ENTRY(g, i) entry[2 * ((g) % 2) + (i)]

inline breakPhase() { isBroken = 1; if :: truth[generation] == 0 -> truth[generation] = 2 :: else fi }
inline next() { generation++; isBroken = 0; isOpen = 0 }

/* One entry: the phase first, then the entry, then one change. */
inline clear(index) {
  do
  :: entry[index] == 0 || !isMarked[entry[index] - 1] -> break
  :: else ->
    STEP(seen = generation; seenBroken = isBroken; seenOpen = isOpen);
    STEP(seenEntry = entry[index]);
    if
    :: seenEntry == 0 || !isMarked[seenEntry - 1] -> break
    :: else
    fi;
    if
    :: seenOpen && !seenBroken && seen % 2 == index / 2 && MUTANT != 3 ->
      STEP(if :: generation == seen && !isBroken && isOpen -> breakPhase() :: else fi)
    :: else ->
      STEP(isSame = (generation == seen && isBroken == seenBroken && isOpen == seenOpen) || MUTANT == 3);
      if :: isSame -> STEP(if :: entry[index] == seenEntry -> entry[index] = 0 :: else fi) :: else fi
    fi
  od
}
inline sweep() {
  STEP(seenDeaths = deaths);
  if
  :: seenDeaths != swept -> clear(0); clear(1); clear(2); clear(3); STEP(swept = seenDeaths)
  :: else
  fi
}

proctype party(byte me) {
  byte round = 0, mine, index, seen, seenEntry, seenDeaths;
  bit seenBroken, seenOpen, isSame, isOver;
again:
  if :: round == ROUNDS -> goto dead :: else -> round++ fi;
arrive:
  sweep();
  if
  :: MUTANT == 4
  :: else -> STEP(if :: latch == 0 || isMarked[latch - 1] -> latch = me + 1 :: else -> goto retry fi)
  fi;
turn:
  STEP(seen = generation; seenBroken = isBroken; seenOpen = isOpen);
  if
  :: seenBroken -> STEP(if :: latch == me + 1 -> latch = 0 :: else fi); goto dead
  :: else
  fi;
  if
  :: !seenOpen ->
    STEP(isSame = (ENTRY(seen, 0) == 0));
    STEP(isSame = isSame && ENTRY(seen, 1) == 0);
    if
    :: !isSame && MUTANT != 1 -> STEP(if :: latch == me + 1 -> latch = 0 :: else fi); goto retry
    :: else
    fi;
    STEP(
      if
      :: generation == seen && !isBroken && !isOpen -> isOpen = 1; verdict[seen % 2] = 0
      :: else -> goto turn
      fi)
  :: else
  fi;
  index = 0;
  do
  :: index < PARTIES -> STEP(seenEntry = ENTRY(seen, index)); if :: seenEntry == 0 -> break :: else -> index++ fi
  :: else -> break
  od;
  if
  :: index == PARTIES -> STEP(if :: latch == me + 1 -> latch = 0 :: else fi); goto retry
  :: else
  fi;
  mine = seen;
  STEP(
    assert(ENTRY(mine, index) == 0 || MUTANT == 1);
    ENTRY(mine, index) = me + 1;
    if
    :: (generation == mine && !isBroken) || MUTANT == 5 ->
      came[mine]++; place[me] = mine + 1; assert(came[mine] <= PARTIES)
    :: else
    fi);
  STEP(isSame = (generation == mine && !isBroken) || MUTANT == 5);
  if
  :: !isSame -> STEP(ENTRY(mine, index) = 0; place[me] = 0); goto turn
  :: else
  fi;
  STEP(if :: latch == me + 1 -> latch = 0 :: else fi);
  if
  :: index == PARTIES - 1 ->
    sweep();
    STEP(
      if
      :: generation == mine && !isBroken -> assert(came[mine] == PARTIES); truth[mine] = 1; verdict[mine % 2] = 1; next()
      :: else
      fi)
  :: else
  fi;
look:
  sweep();
  STEP(
    isOver = (generation != mine || isBroken);
    if
    :: isOver && generation != mine && verdict[mine % 2] -> assert(truth[mine] == 1)
    :: isOver && !(generation != mine && verdict[mine % 2]) -> assert(truth[mine] == 2)
    :: else
    fi);
  if
  :: isOver -> STEP(ENTRY(mine, index) = 0; place[me] = 0); goto again
  :: else
  fi;
endWaiting:
  atomic {
    if
    :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead
    :: generation != mine || isBroken || deaths != swept -> skip
    :: mayLeave > 0 -> mayLeave--; if :: generation == mine && !isBroken -> breakPhase() :: else fi
    fi
  };
  goto look;
retry:
  atomic {
    if
    :: mayDie > 0 -> mayDie--; isDead[me] = 1; goto dead
    :: isBroken || ((latch == 0 || isMarked[latch - 1]) &&
       (isOpen -> ENTRY(generation, 0) == 0 || ENTRY(generation, 1) == 0
        : ENTRY(generation, 0) == 0 && ENTRY(generation, 1) == 0)) -> skip
    :: deaths != swept -> skip
    fi
  };
  goto arrive;
dead:
  skip
}

/* Breaks it and makes it new, twice. */
proctype breaker(byte me) {
  byte seen, seenEntry, seenDeaths, round = 0;
  bit seenBroken, seenOpen, isSame;
  do
  :: round < 2 ->
    round++;
    STEP(if :: !isBroken -> breakPhase() :: else fi);
    sweep();
turn:
    STEP(seen = generation; seenBroken = isBroken; seenOpen = isOpen);
    STEP(
      if
      :: generation == seen && isBroken == seenBroken && isOpen == seenOpen ->
        if
        :: isOpen || MUTANT == 2 -> verdict[generation % 2] = 0
        :: else
        fi;
        if :: truth[generation] == 0 -> truth[generation] = 2 :: else fi;
        next()
      :: else -> goto turn
      fi)
  :: else -> break
  od;
dead:
  skip
}

active proctype bell() {
end:
  do
  :: atomic { isDead[0] && !isMarked[0] -> isMarked[0] = 1 }; deaths++
  :: atomic { isDead[1] && !isMarked[1] -> isMarked[1] = 1 }; deaths++
  :: atomic { isDead[2] && !isMarked[2] -> isMarked[2] = 1 }; deaths++
#if COMERS > 2
  :: atomic { isDead[3] && !isMarked[3] -> isMarked[3] = 1 }; deaths++
#endif
  :: timeout ->
    assert(COMERS > 2 || isBroken || place[0] != place[1] || place[0] != generation + 1 || isDead[0] == isDead[1]);
    break
  od
}

init {
  atomic {
    byte i = 0;
    select(mayDie : 0 .. DEATHS);
    do :: i < COMERS -> run party(i); i++ :: else -> break od;
#ifndef ALONE
    run breaker(COMERS)
#endif
  }
}
