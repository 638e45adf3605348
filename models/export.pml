/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The life of spans between end() and the receiver, small enough to look at every order of events.
 *
 *     application --offer--> queue --cut--> request --send--> receiver
 *                                storage --adopt--'    ^--- waits <--- no answer, throttled
 *
 * Each public call of the exporter is one atomic step here, for it does no I/O; between them anything
 * may happen in any order: spans end, answers come or do not, time passes, a storage's request is
 * adopted, the adapter gives up. Time is not counted: whoever waits may be due at any step, so what
 * holds here holds for every backoff, Retry-After and budget.
 *
 * Checked by `python3 build.py verify prove`:
 *   conservation   ended + adopted = exported + dropped + queued + in flight, after every step
 *   no KeyError    no signal or news comes in a state for which the tables have no line
 *   one probe      while the circuit is half open exactly one request is under way
 *   the window     never more requests are under way than the breaker allows
 *   no deadlock    the adapter never sleeps on something that could go out (invalid end states)
 *   nothing lost   once the receiver answers, everything ends delivered or counted (ltl settled)
 *
 * The two tables are those of agent/edgetrace/_request_state.py and _breaker.py; a test compares
 * them line by line. What is decided from them is _export.py's and _outbox.py's.
 */

#ifndef SPANS
#define SPANS 4    /* that the application ends */
#define QUEUE 3    /* max_queue_size */
#endif
#define BATCH 2    /* max_export_batch_size; a request of two can be split once */
#define PLACES 2   /* MAX_IN_FLIGHT */
#define SLOTS 5    /* requests at once: PLACES, their halves, and an adopted one */
#define ATTEMPTS 2 /* MAX_ATTEMPTS */

mtype:state = { FREE, WAITING, SENT, DONE };
mtype:signal = { DUE, SUCCESS, THROTTLED, NO_ANSWER, SPLIT, REFUSED, GIVE_UP };
mtype:circuit = { CLOSED, OPEN, HALF_OPEN };
mtype:news = { ANSWERED, FAILED, PROBE };

mtype:state state[SLOTS] = FREE;
byte spans[SLOTS];
byte attempts[SLOTS];
bool whole[SLOTS];        /* adopted: a body that cannot be cut any more */
byte queued, in_flight, under_way, pending;
byte ended, adopted, exported, dropped;
mtype:circuit circuit = CLOSED;
byte window = PLACES;
bool closed, fair;
byte others_done;

inline check() {
  assert(ended + adopted == exported + dropped + queued + in_flight);
  assert(circuit != HALF_OPEN || under_way == 1);
  assert(under_way <= PLACES);
}

/* _request_state.TRANSITIONS */
inline move(r, signal) {
  if
  :: state[r] == WAITING && signal == DUE -> state[r] = SENT
  :: state[r] == WAITING && signal == GIVE_UP -> state[r] = DONE
  :: state[r] == SENT && signal == SUCCESS -> state[r] = DONE
  :: state[r] == SENT && signal == THROTTLED -> state[r] = WAITING
  :: state[r] == SENT && signal == NO_ANSWER -> state[r] = WAITING
  :: state[r] == SENT && signal == SPLIT -> state[r] = DONE
  :: state[r] == SENT && signal == REFUSED -> state[r] = DONE
  :: state[r] == SENT && signal == GIVE_UP -> state[r] = DONE
  :: else -> assert(false) /* a KeyError */
  fi
}

/* _breaker.TRANSITIONS, and the window that learn() sets */
inline learn(news) {
  if
  :: circuit == CLOSED && news == ANSWERED -> circuit = CLOSED
  :: circuit == CLOSED && news == FAILED -> circuit = OPEN
  :: circuit == OPEN && news == PROBE -> circuit = HALF_OPEN
  :: circuit == OPEN && news == ANSWERED -> circuit = CLOSED
  :: circuit == OPEN && news == FAILED -> circuit = OPEN
  :: circuit == HALF_OPEN && news == ANSWERED -> circuit = CLOSED
  :: circuit == HALF_OPEN && news == FAILED -> circuit = OPEN
  :: else -> assert(false) /* a KeyError */
  fi;
  if
  :: news == ANSWERED && window < PLACES -> window++
  :: news == FAILED -> window = 1
  :: else -> skip
  fi
}

inline find_free(r) {
  r = 0;
  do
  :: r < SLOTS && state[r] != FREE -> r++
  :: else -> break
  od;
  assert(r < SLOTS)
}

inline put(r, n, is_whole) {
  state[r] = WAITING; spans[r] = n; attempts[r] = 0; whole[r] = is_whole;
  in_flight = in_flight + n; pending++
}

/* A request has reached DONE: its slot is free, its spans are the caller's to count. */
inline remove(r) {
  assert(state[r] == DONE);
  state[r] = FREE; in_flight = in_flight - spans[r]; spans[r] = 0; attempts[r] = 0;
  whole[r] = false; pending--
}

/* Outbox.send */
inline send(r) {
  if
  :: circuit != CLOSED -> learn(PROBE)
  :: else -> skip
  fi;
  move(r, DUE);
  attempts[r] = (attempts[r] < ATTEMPTS -> attempts[r] + 1 : ATTEMPTS); /* more makes no difference */
  under_way++;
  assert(under_way <= window)
}

/* Outbox.answered, and what the exporter counts */
inline answered(r, signal, delivered) {
  under_way--;
  learn(ANSWERED);
  exported = exported + (delivered);
  dropped = dropped + spans[r] - (delivered);
  move(r, signal);
  remove(r)
}

/* 413: two halves, or a loss */
inline too_large(r) {
  if
  :: spans[r] > 1 && !whole[r] ->
     under_way--;
     learn(ANSWERED);
     move(r, SPLIT);
     remove(r);
     find_free(h); put(h, 1, false);
     find_free(h); put(h, 1, false)
  :: else -> answered(r, REFUSED, 0)
  fi
}

/* Outbox.failed: given up only where others get through */
inline failed(r, signal) {
  under_way--;
  if
  :: circuit == CLOSED && attempts[r] >= ATTEMPTS ->
     learn(FAILED);
     move(r, GIVE_UP);
     dropped = dropped + spans[r];
     remove(r)
  :: else ->
     learn(FAILED);
     move(r, signal)
  fi
}

#define HAS_PLACE (under_way < window)
#define TRIED(r) (state[r] == FREE || attempts[r] >= ATTEMPTS)
#define ALL_TRIED (TRIED(0) && TRIED(1) && TRIED(2) && TRIED(3) && TRIED(4))
/* Outbox.may_open: a circuit that is not closed lets a new one in only where the old may be why. */
#define MAY_OPEN (pending < PLACES && HAS_PLACE && (circuit == CLOSED || ALL_TRIED))

inline any(r, wanted) {
  if
  :: state[0] == wanted -> r = 0
  :: state[1] == wanted -> r = 1
  :: state[2] == wanted -> r = 2
  :: state[3] == wanted -> r = 3
  :: state[4] == wanted -> r = 4
  fi
}

active proctype application() {
  do
  :: atomic { ended < SPANS && !closed ->
       ended++;
       if
       :: queued < QUEUE -> queued++
       :: else -> dropped++ /* QUEUE_FULL: this one or a less important one */
       fi;
       check()
     }
  :: atomic { ended < SPANS && closed -> ended++; dropped++; check() } /* SHUTDOWN */
  :: atomic { ended == SPANS -> others_done++; break }
  od
}

active proctype storage() {
  byte h;
  if
  :: atomic { !closed -> find_free(h); put(h, 2, true); adopted = adopted + 2; check(); h = 0 }
  :: skip
  fi;
  others_done++
}

active proctype weather() {
  fair = true
}

/* shutdown() and abandon(): at any time, or never */
active proctype stop() {
  byte r;
  if
  :: atomic {
       closed = true;
       r = 0;
       do
       :: r < SLOTS ->
          if
          :: state[r] == SENT -> under_way--; move(r, GIVE_UP); dropped = dropped + spans[r]; remove(r)
          :: state[r] == WAITING -> move(r, GIVE_UP); dropped = dropped + spans[r]; remove(r)
          :: else -> skip
          fi;
          r++
       :: else -> break
       od;
       circuit = CLOSED; window = PLACES; /* a new Breaker */
       dropped = dropped + queued; queued = 0;
       check();
       r = 0
     }
  :: skip
  fi;
  others_done++
}

active proctype adapter() {
  byte r, h;
  do
  /* next_request: one that waits and is due */
  :: atomic { HAS_PLACE && pending > under_way ->
       any(r, WAITING);
       send(r);
       check();
       r = 0
     }
  /* next_request: a new one, sent at once */
  :: atomic { queued > 0 && MAY_OPEN ->
       h = (queued < BATCH -> queued : BATCH);
       find_free(r);
       queued = queued - h;
       put(r, h, false);
       send(r);
       check();
       r = 0; h = 0
     }
  /* receive_response, receive_failure, or the time is up; what comes too late finds no SENT */
  :: atomic { under_way > 0 ->
       any(r, SENT);
       if
       :: answered(r, SUCCESS, spans[r])
       :: !fair -> answered(r, SUCCESS, spans[r] - 1) /* partial success */
       :: !fair -> answered(r, REFUSED, 0)
       :: !fair -> too_large(r)
       :: !fair -> failed(r, THROTTLED)
       :: !fair -> failed(r, NO_ANSWER)
       fi;
       check();
       r = 0; h = 0
     }
  :: atomic { others_done == 3 && queued == 0 && pending == 0 -> break }
  od
}

ltl settled { <>[](others_done == 3 && queued == 0 && in_flight == 0) }
