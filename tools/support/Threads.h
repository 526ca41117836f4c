//===- Threads.h - Where OpenMP's threads run -------------------*- C++ -*-===//

#ifndef QUANTX_TOOLS_SUPPORT_THREADS_H
#define QUANTX_TOOLS_SUPPORT_THREADS_H

namespace quantx {

/// Has OpenMP's threads run on different cores, unless OMP_PLACES and
/// OMP_PROC_BIND say otherwise: two that the system puts on one core for a
/// while wait for each other. Before the OpenMP runtime is loaded.
void bindThreads();

} // namespace quantx

#endif // QUANTX_TOOLS_SUPPORT_THREADS_H
