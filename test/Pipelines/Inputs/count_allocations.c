// Preloaded, counts what a program allocates: a measure of its work that is the
// same on a busy machine. At its end writes two numbers to the file that
// ALLOCATIONS names: how often, and how many bytes.

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *address, size_t size);

static atomic_ullong calls, bytes;

static void count(size_t size) {
  atomic_fetch_add_explicit(&calls, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
}

void *malloc(size_t size) {
  count(size);
  return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
  count(number * size);
  return __libc_calloc(number, size);
}

void *realloc(void *address, size_t size) {
  count(size);
  return __libc_realloc(address, size);
}

__attribute__((destructor)) static void report(void) {
  FILE *file = fopen(getenv("ALLOCATIONS"), "w");
  if (!file)
    return;
  fprintf(file, "%llu %llu\n", atomic_load(&calls), atomic_load(&bytes));
  fclose(file);
}
