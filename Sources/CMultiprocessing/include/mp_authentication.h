/// Authentication codes, which the core cannot compute: the product MultiprocessingAuthentication can.
#ifndef MP_AUTHENTICATION_H
#define MP_AUTHENTICATION_H

#include <stddef.h>
#include <stdint.h>

#include "mp_linkage.h"

MP_BEGIN

/// Length of a code, in bytes: HMAC with SHA-256.
enum { MP_AUTHENTICATION_CODE = 32 };

/// Writes the code of a message. Defined by the product where a program links it, else null: a program names no more
/// than its dependency, and the core costs nothing of it.
extern void mp_authentication_code(
    const uint8_t *_Nullable key, size_t key_length, const uint8_t *_Nonnull message, size_t length,
    uint8_t *_Nonnull code) __attribute__((weak));

/// 1 when `code` is the code of the message; compares in constant time. Defined as the other is.
extern int mp_authentication_is_valid(
    const uint8_t *_Nullable key, size_t key_length, const uint8_t *_Nonnull message, size_t length,
    const uint8_t *_Nonnull code) __attribute__((weak));

/// 1 when the program has both.
int mp_authentication_is_there(void);

/// The same two calls, for a program that has them.
void mp_authentication_make(
    const uint8_t *_Nullable key, size_t key_length, const uint8_t *_Nonnull message, size_t length,
    uint8_t *_Nonnull code);
int mp_authentication_check(
    const uint8_t *_Nullable key, size_t key_length, const uint8_t *_Nonnull message, size_t length,
    const uint8_t *_Nonnull code);

MP_END

#endif
