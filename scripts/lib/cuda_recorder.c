/* A driver without a GPU: a libcuda.so.1 that records what it is asked for.
 *
 * It checks addresses and sizes, and writes a line for each module, buffer, copy
 * and launch to the file $CUDA_RECORD, the tape; scripts/lib/cuda_tape.py plays it
 * on a GPU. With $CUDA_RECORD_DATA=all, the data of modules and of copies from the
 * host go to files beside it; with =modules, those of modules alone. Kernels are not run; fresh memory holds zeros.
 *
 * The function that $CUDA_RECORD_FAIL names fails. $CUDA_RECORD_DEVICES is the
 * number of GPUs (1), $CUDA_RECORD_CAPABILITY their compute capability (90).
 *
 *   module FILE TARGET          FILE is - without data
 *   alloc BUFFER SIZE           buffers are numbered, and never used again
 *   free BUFFER
 *   to-device BUFFER+OFFSET SIZE FILE
 *   to-host BUFFER+OFFSET SIZE
 *   copy BUFFER+OFFSET BUFFER+OFFSET SIZE
 *   memset BUFFER+OFFSET WIDTH VALUE COUNT
 *   launch NAME GRID BLOCK SHARED PARAMETER...   BUFFER+OFFSET, or SIZE:VALUE
 *   synchronize
 *   unload
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUCCESS, INVALID_VALUE, NOT_FOUND = 500, FAILED = 999 };
enum { MAX_BUFFERS = 256, MAX_PARAMETERS = 32 };

struct buffer {
  char *start;
  size_t size;
  int number;
};
static struct buffer buffers[MAX_BUFFERS];
static int bufferCount;

struct function {
  char name[256];
  int sizes[MAX_PARAMETERS];
  int count;
  int maxShared;
};

static int getNumber(const char *variable, int otherwise) {
  const char *text = getenv(variable);
  return text ? atoi(text) : otherwise;
}

static void record(const char *format, ...) {
  const char *path = getenv("CUDA_RECORD");
  FILE *file = path ? fopen(path, "a") : NULL;
  if (!file)
    return;
  va_list arguments;
  va_start(arguments, format);
  vfprintf(file, format, arguments);
  va_end(arguments);
  fclose(file);
}

/* Writes data to a file of its own, and its name after `what` to the tape. */
static void recordData(const char *what, const void *data, size_t size) {
  static int count;
  const char *path = getenv("CUDA_RECORD");
  const char *kept = getenv("CUDA_RECORD_DATA");
  int isModule = strcmp(what, "module") == 0;
  if (!path || !kept || (!isModule && strcmp(kept, "all") != 0)) {
    record("%s -", what);
    return;
  }
  char name[4096];
  snprintf(name, sizeof(name), "%s.%d", path, count++);
  FILE *file = fopen(name, "wb");
  if (file) {
    fwrite(data, 1, size, file);
    fclose(file);
  }
  const char *slash = strrchr(name, '/');
  record("%s %s", what, slash ? slash + 1 : name);
}

static int fails(const char *function) {
  const char *name = getenv("CUDA_RECORD_FAIL");
  return name && strcmp(name, function) == 0;
}
#define MAY_FAIL(function)                                                     \
  do {                                                                         \
    if (fails(#function))                                                      \
      return FAILED;                                                           \
  } while (0)

static struct buffer *find(uint64_t address, size_t size) {
  for (int i = 0; i < MAX_BUFFERS; ++i) {
    uint64_t start = (uint64_t)(uintptr_t)buffers[i].start;
    if (buffers[i].start && address >= start &&
        address - start + size <= buffers[i].size)
      return &buffers[i];
  }
  return NULL;
}

/* "3+16", where the address is in buffer number 3. */
static const char *describe(uint64_t address, size_t size) {
  static char texts[2][64];
  static int which;
  struct buffer *buffer = find(address, size);
  if (!buffer)
    return NULL;
  which = !which;
  snprintf(texts[which], sizeof(texts[which]), "%d+%llu", buffer->number,
           (unsigned long long)(address - (uint64_t)(uintptr_t)buffer->start));
  return texts[which];
}

/* Devices. */

int cuInit(unsigned flags) {
  MAY_FAIL(cuInit);
  return flags == 0 ? SUCCESS : INVALID_VALUE;
}
int cuDriverGetVersion(int *version) {
  *version = 12040;
  return SUCCESS;
}
int cuGetErrorName(int error, const char **name) {
  *name = error == FAILED ? "CUDA_ERROR_UNKNOWN" : "CUDA_ERROR";
  return SUCCESS;
}
int cuGetErrorString(int error, const char **text) {
  *text = error == FAILED ? "unknown error" : "an argument is wrong";
  return SUCCESS;
}
int cuDeviceGetCount(int *count) {
  *count = getNumber("CUDA_RECORD_DEVICES", 1);
  return SUCCESS;
}
int cuDeviceGet(int *device, int ordinal) {
  *device = ordinal;
  return SUCCESS;
}
int cuDeviceGetName(char *name, int length, int device) {
  snprintf(name, length, "No GPU %d", device);
  return SUCCESS;
}
int cuDeviceGetAttribute(int *value, int attribute, int device) {
  int capability = getNumber("CUDA_RECORD_CAPABILITY", 90);
  *value = attribute == 75 ? capability / 10 : capability % 10;
  return attribute == 75 || attribute == 76 ? SUCCESS : INVALID_VALUE;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
  MAY_FAIL(cuDevicePrimaryCtxRetain);
  static int only;
  *context = &only;
  return SUCCESS;
}
int cuCtxSetCurrent(void *context) {
  return context ? SUCCESS : INVALID_VALUE;
}

/* Memory. */

int cuMemAlloc_v2(uint64_t *address, size_t size) {
  MAY_FAIL(cuMemAlloc);
  for (int i = 0; i < MAX_BUFFERS && size > 0; ++i) {
    if (buffers[i].start)
      continue;
    buffers[i].start = calloc(size, 1);
    buffers[i].size = size;
    buffers[i].number = bufferCount++;
    *address = (uint64_t)(uintptr_t)buffers[i].start;
    record("alloc %d %zu\n", buffers[i].number, size);
    return SUCCESS;
  }
  return INVALID_VALUE;
}
int cuMemFree_v2(uint64_t address) {
  struct buffer *buffer = find(address, 0);
  if (!buffer || (uint64_t)(uintptr_t)buffer->start != address)
    return INVALID_VALUE;
  record("free %d\n", buffer->number);
  free(buffer->start);
  buffer->start = NULL;
  return SUCCESS;
}
static int copyToDevice(uint64_t to, const void *from, size_t size) {
  char what[128];
  const char *buffer = describe(to, size);
  if (!buffer)
    return INVALID_VALUE;
  memcpy((void *)(uintptr_t)to, from, size);
  snprintf(what, sizeof(what), "to-device %s %zu", buffer, size);
  recordData(what, from, size);
  record("\n");
  return SUCCESS;
}
int cuMemcpyHtoD_v2(uint64_t to, const void *from, size_t size) {
  MAY_FAIL(cuMemcpyHtoD);
  return copyToDevice(to, from, size);
}
int cuMemcpyDtoH_v2(void *to, uint64_t from, size_t size) {
  MAY_FAIL(cuMemcpyDtoH);
  const char *buffer = describe(from, size);
  if (!buffer)
    return INVALID_VALUE;
  memcpy(to, (const void *)(uintptr_t)from, size);
  record("to-host %s %zu\n", buffer, size);
  return SUCCESS;
}
int cuMemcpyAsync(uint64_t to, uint64_t from, size_t size, void *stream) {
  MAY_FAIL(cuMemcpyAsync);
  const char *source = describe(from, size);
  if (!source)
    return copyToDevice(to, (const void *)(uintptr_t)from, size);
  const char *destination = describe(to, size);
  if (!destination)
    return cuMemcpyDtoH_v2((void *)(uintptr_t)to, from, size);
  memcpy((void *)(uintptr_t)to, (const void *)(uintptr_t)from, size);
  record("copy %s %s %zu\n", destination, source, size);
  return SUCCESS;
}
int cuMemcpyDtoDAsync_v2(uint64_t to, uint64_t from, size_t size,
                         void *stream) {
  return cuMemcpyAsync(to, from, size, stream);
}
int cuMemsetD16Async(uint64_t to, unsigned short value, size_t count,
                     void *stream) {
  if (!find(to, 2 * count))
    return INVALID_VALUE;
  for (size_t i = 0; i < count; ++i)
    ((unsigned short *)(uintptr_t)to)[i] = value;
  record("memset %s 2 %u %zu\n", describe(to, 2 * count), value, count);
  return SUCCESS;
}
int cuMemsetD32Async(uint64_t to, unsigned value, size_t count, void *stream) {
  if (!find(to, 4 * count))
    return INVALID_VALUE;
  for (size_t i = 0; i < count; ++i)
    ((unsigned *)(uintptr_t)to)[i] = value;
  record("memset %s 4 %u %zu\n", describe(to, 4 * count), value, count);
  return SUCCESS;
}

/* Code: a module is a copy of its PTX. */

int cuModuleLoadDataEx(void **module, const void *image, unsigned count,
                       int *options, void **values) {
  if (fails("cuModuleLoadDataEx")) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == 5)
        strcpy(values[i], "ptxas fatal : what the log says\nmore");
    return FAILED;
  }
  const char *target = strstr(image, ".target ");
  if (!strstr(image, ".version ") || !target)
    return INVALID_VALUE;
  *module = strdup(image);
  recordData("module", image, strlen(image));
  record(" %.*s\n", (int)strcspn(target + 8, "\n, "), target + 8);
  return SUCCESS;
}
int cuModuleUnload(void *module) {
  free(module);
  record("unload\n");
  return SUCCESS;
}
int cuModuleGetFunction(struct function **result, const char *module,
                        const char *name) {
  MAY_FAIL(cuModuleGetFunction);
  struct function *function = calloc(1, sizeof(*function));
  snprintf(function->name, sizeof(function->name), ".entry %s(", name);
  const char *at = strstr(module, function->name);
  if (!at)
    return NOT_FOUND;
  snprintf(function->name, sizeof(function->name), "%s", name);
  const char *end = strchr(at, ')');
  for (at = strstr(at, ".param "); at && at < end;
       at = strstr(at + 1, ".param ")) {
    const char *digits = at + strlen(".param .") + 1;
    function->sizes[function->count++] = atoi(digits) / 8;
  }
  *result = function;
  return SUCCESS;
}
int cuFuncSetAttribute(struct function *function, int attribute, int value) {
  if (attribute != 8)
    return INVALID_VALUE;
  function->maxShared = value;
  return SUCCESS;
}
int cuLaunchKernel(struct function *function, unsigned gridX, unsigned gridY,
                   unsigned gridZ, unsigned blockX, unsigned blockY,
                   unsigned blockZ, unsigned shared, void *stream,
                   void **parameters, void **extra) {
  MAY_FAIL(cuLaunchKernel);
  if (!gridX || !gridY || !gridZ || !blockX || !blockY || !blockZ ||
      blockX * blockY * blockZ > 1024)
    return INVALID_VALUE;
  if (shared > 48 * 1024 && function->maxShared < (int)shared)
    return INVALID_VALUE;
  record("launch %s %ux%ux%u %ux%ux%u %u", function->name, gridX, gridY, gridZ,
         blockX, blockY, blockZ, shared);
  for (int i = 0; i < function->count; ++i) {
    uint64_t value = 0;
    int size = function->sizes[i];
    memcpy(&value, parameters[i], size);
    const char *buffer = size == 8 ? describe(value, 0) : NULL;
    if (buffer)
      record(" %s", buffer);
    else
      record(" %d:%llu", size, (unsigned long long)value);
  }
  record("\n");
  return SUCCESS;
}

/* Streams and events: each event takes a millisecond. */

int cuStreamCreate(void **stream, unsigned flags) {
  static int only;
  *stream = &only;
  return SUCCESS;
}
int cuStreamSynchronize(void *stream) {
  MAY_FAIL(cuStreamSynchronize);
  record("synchronize\n");
  return stream ? SUCCESS : INVALID_VALUE;
}
int cuStreamWaitEvent(void *stream, void *event, unsigned flags) {
  return stream && event ? SUCCESS : INVALID_VALUE;
}
int cuEventCreate(int **event, unsigned flags) {
  MAY_FAIL(cuEventCreate);
  *event = calloc(1, sizeof(int));
  return SUCCESS;
}
int cuEventDestroy_v2(int *event) {
  free(event);
  return SUCCESS;
}
int cuEventRecord(int *event, void *stream) {
  static int now;
  *event = ++now;
  return stream ? SUCCESS : INVALID_VALUE;
}
int cuEventSynchronize(int *event) {
  return *event ? SUCCESS : INVALID_VALUE;
}
int cuEventElapsedTime(float *milliseconds, const int *start, const int *end) {
  *milliseconds = *end - *start;
  return SUCCESS;
}
