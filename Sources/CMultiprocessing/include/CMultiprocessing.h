/// The umbrella of the C target: only what Swift cannot express.
#ifndef MP_CMULTIPROCESSING_H
#define MP_CMULTIPROCESSING_H

#include "mp_descriptor.h"
#include "mp_stack.h"

#endif
