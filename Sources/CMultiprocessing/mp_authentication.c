#include "mp_authentication.h"

int mp_authentication_is_there(void) {
  return mp_authentication_code != NULL && mp_authentication_is_valid != NULL;
}

void mp_authentication_make(
    const uint8_t *key, size_t key_length, const uint8_t *message, size_t length, uint8_t *code) {
  mp_authentication_code(key, key_length, message, length, code);
}

int mp_authentication_check(
    const uint8_t *key, size_t key_length, const uint8_t *message, size_t length, const uint8_t *code) {
  return mp_authentication_is_valid(key, key_length, message, length, code);
}
