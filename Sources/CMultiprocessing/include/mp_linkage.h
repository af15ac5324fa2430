/// Around the declarations of each header: a program that imports C++ finds the names as C has them.
#ifndef MP_LINKAGE_H
#define MP_LINKAGE_H

#ifdef __cplusplus
#define MP_BEGIN extern "C" {
#define MP_END }
#else
#define MP_BEGIN
#define MP_END
#endif

#endif
