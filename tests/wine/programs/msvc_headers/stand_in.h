/* As much of Microsoft's C and C++ headers as CUDA's own headers want, under each of their names: see msvc.py. */
#pragma once

typedef unsigned long long size_t;
typedef long long ptrdiff_t;
typedef long clock_t;
typedef long long time_t;
typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
typedef long long intptr_t;
typedef unsigned long long uintptr_t;
typedef char *va_list;

#define NULL 0
#define INT_MAX 2147483647
#define UINT_MAX 0xffffffffu
#define CHAR_BIT 8
#define _CRTIMP
#define _ACRTIMP
#define _VCRTIMP
#define _CRT_INSECURE_DEPRECATE(x)
#define _CRT_JIT_INTRINSIC
#define _Check_return_
#define _CONST_RETURN const
#define _INC_MATH
#define _NODISCARD
#define __CRTDECL __cdecl

extern "C" {
__declspec(noreturn) void __cdecl exit(int);
void __cdecl abort(void);
int __cdecl atexit(void(__cdecl *)(void));
void *__cdecl malloc(size_t);
void __cdecl free(void *);
void *__cdecl memcpy(void *, const void *, size_t);
void *__cdecl memset(void *, int, size_t);
int __cdecl printf(const char *, ...);
double __cdecl fabs(double);
double __cdecl _j0(double);
double __cdecl _j1(double);
double __cdecl _jn(int, double);
double __cdecl _y0(double);
double __cdecl _y1(double);
double __cdecl _yn(int, double);
unsigned short __cdecl _byteswap_ushort(unsigned short);
unsigned long __cdecl _byteswap_ulong(unsigned long);
unsigned __int64 __cdecl _byteswap_uint64(unsigned __int64);
}

template <class T> bool isinf(T);
template <class T> bool isnan(T);
template <class T> bool isfinite(T);

namespace std {
using ::size_t;
struct nothrow_t {};

template <bool B, class T = void> struct enable_if {};
template <class T> struct enable_if<true, T> { typedef T type; };
template <bool B, class T = void> using enable_if_t = typename enable_if<B, T>::type;

template <class T> constexpr bool is_arithmetic_v = false;
template <> constexpr bool is_arithmetic_v<float> = true;
template <> constexpr bool is_arithmetic_v<double> = true;
template <> constexpr bool is_arithmetic_v<int> = true;
template <class A, class B> using _Common_float_type_t = double;

template <class T> struct remove_reference { typedef T type; };
template <class T> struct remove_reference<T &> { typedef T type; };
template <class T> struct remove_reference<T &&> { typedef T type; };
template <class T> constexpr T &&forward(typename remove_reference<T>::type &t) noexcept { return static_cast<T &&>(t); }
template <class T> constexpr T &&forward(typename remove_reference<T>::type &&t) noexcept { return static_cast<T &&>(t); }
}
