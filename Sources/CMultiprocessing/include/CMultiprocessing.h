/// The umbrella of the C target: only what Swift cannot express.
#ifndef MP_CMULTIPROCESSING_H
#define MP_CMULTIPROCESSING_H

#include "mp_atomic.h"
#include "mp_authentication.h"
#include "mp_copy.h"
#include "mp_crash.h"
#include "mp_demangle.h"
#include "mp_descriptor.h"
#include "mp_entry.h"
#include "mp_error.h"
#include "mp_event.h"
#include "mp_futex.h"
#include "mp_gate.h"
#include "mp_id_places.h"
#include "mp_image.h"
#include "mp_message.h"
#include "mp_probe.h"
#include "mp_process.h"
#include "mp_search.h"
#include "mp_server.h"
#include "mp_shared.h"
#include "mp_socket.h"
#include "mp_spawn.h"
#include "mp_stack.h"
#include "mp_thread_memory.h"
#include "mp_word.h"

#endif
