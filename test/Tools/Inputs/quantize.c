/* Quantizes the f32 matrix of a .npy file by a compiled kernel:
 * quantize IN.npy CODES SCALES
 */
#include "mxfp4.h"
#include <stdio.h>
#include <stdlib.h>

static void write_bytes(const char *path, const struct quantx_2d_uint8 *bytes) {
  FILE *file = fopen(path, "wb");
  if (!file ||
      fwrite(bytes->aligned + bytes->offset, (size_t)bytes->strides[0],
             (size_t)bytes->sizes[0], file) != (size_t)bytes->sizes[0] ||
      fclose(file))
    exit(2);
}

int main(int argc, char **argv) {
  enum { rows = 24, columns = 64 };
  static float weights[rows * columns];
  struct quantx_2d_float input = {
      weights, weights, 0, {rows, columns}, {columns, 1}};
  struct quantize_results results;
  FILE *file = argc == 4 ? fopen(argv[1], "rb") : NULL;
  if (!file || fseek(file, -(long)sizeof weights, SEEK_END) ||
      fread(weights, sizeof weights, 1, file) != 1)
    return 2;
  fclose(file);

  _mlir_ciface_quantize(&results, &input);
  printf("codes %dx%d, scales %dx%d\n", (int)results.output0.sizes[0],
         (int)results.output0.sizes[1], (int)results.output1.sizes[0],
         (int)results.output1.sizes[1]);
  write_bytes(argv[2], &results.output0);
  write_bytes(argv[3], &results.output1);
  free(results.output0.allocated);
  free(results.output1.allocated);
  return 0;
}
