"""Plays on a GPU what scripts/lib/cuda_recorder.c recorded.

Needs NVIDIA's driver and Python alone.
"""

import ctypes
import os

CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76
MAX_DYNAMIC_SHARED = 8
FREELY_SHARED = 48 << 10
ERROR_LOG, ERROR_LOG_SIZE = 5, 6
LOG_SIZE = 8192


# The code that runs on a compute capability, best first. What ends with an 'a'
# runs on that alone.
CHIPS = {90: ["sm_90a"], 100: ["sm_100a"], 120: ["sm_120a"]}


def get_chips(capability):
    """The names of chips whose code runs there, best first."""
    later = [("sm_90", 90), ("sm_80", 80)]
    return CHIPS.get(capability, []) + [name for name, first in later
                                        if capability >= first]


class DriverError(Exception):
    """The driver refused a call, or is not there."""


class Driver:
    """The driver's first GPU, and one stream of it."""

    def __init__(self):
        try:
            self.library = ctypes.CDLL("libcuda.so.1")
        except OSError as error:
            raise DriverError(f"cannot load NVIDIA's driver: {error}") \
                from error
        self.call("cuInit", ctypes.c_uint(0))
        count = ctypes.c_int()
        self.call("cuDeviceGetCount", ctypes.byref(count))
        if count.value == 0:
            raise DriverError("NVIDIA's driver shows no GPU")
        device = ctypes.c_int()
        self.call("cuDeviceGet", ctypes.byref(device), ctypes.c_int(0))
        name = ctypes.create_string_buffer(256)
        self.call("cuDeviceGetName", name, ctypes.c_int(256), device)
        self.name = name.value.decode()
        version = ctypes.c_int()
        self.call("cuDriverGetVersion", ctypes.byref(version))
        self.version = f"{version.value // 1000}.{version.value % 1000 // 10}"
        self.capability = (self.get_attribute(CAPABILITY_MAJOR, device) * 10 +
                           self.get_attribute(CAPABILITY_MINOR, device))
        context = ctypes.c_void_p()
        self.call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self.call("cuCtxSetCurrent", context)
        self.stream = ctypes.c_void_p()
        # One that waits for copies, which the driver may end after it returned.
        self.call("cuStreamCreate", ctypes.byref(self.stream), ctypes.c_uint(0))

    def call(self, function, *arguments):
        result = getattr(self.library, function)(*arguments)
        if result != 0:
            text = ctypes.c_char_p()
            self.library.cuGetErrorName(ctypes.c_int(result),
                                        ctypes.byref(text))
            name = text.value.decode() if text.value else result
            raise DriverError(f"{function} failed: {name}")

    def get_attribute(self, attribute, device):
        value = ctypes.c_int()
        self.call("cuDeviceGetAttribute", ctypes.byref(value),
                  ctypes.c_int(attribute), device)
        return value.value

    def allocate(self, size):
        address = ctypes.c_uint64()
        self.call("cuMemAlloc_v2", ctypes.byref(address),
                  ctypes.c_size_t(max(size, 1)))
        return address.value

    def release(self, address):
        self.call("cuMemFree_v2", ctypes.c_uint64(address))

    def write(self, address, data):
        if data:
            self.call("cuMemcpyHtoD_v2", ctypes.c_uint64(address), data,
                      ctypes.c_size_t(len(data)))

    def read(self, address, size):
        data = ctypes.create_string_buffer(max(size, 1))
        if size:
            self.call("cuMemcpyDtoH_v2", data, ctypes.c_uint64(address),
                      ctypes.c_size_t(size))
        return data.raw[:size]

    def copy(self, to, source, size):
        self.call("cuMemcpyDtoDAsync_v2", ctypes.c_uint64(to),
                  ctypes.c_uint64(source), ctypes.c_size_t(size), self.stream)

    def fill(self, address, width, value, count):
        types = {2: ctypes.c_ushort, 4: ctypes.c_uint}
        self.call(f"cuMemsetD{8 * width}Async", ctypes.c_uint64(address),
                  types[width](value), ctypes.c_size_t(count), self.stream)

    def synchronize(self):
        self.call("cuStreamSynchronize", self.stream)

    def load(self, image):
        module, log = ctypes.c_void_p(), ctypes.create_string_buffer(LOG_SIZE)
        options = (ctypes.c_int * 2)(ERROR_LOG, ERROR_LOG_SIZE)
        values = (ctypes.c_void_p * 2)(ctypes.addressof(log), LOG_SIZE)
        try:
            self.call("cuModuleLoadDataEx", ctypes.byref(module),
                      image + b"\0", ctypes.c_uint(2), options, values)
        except DriverError as error:
            said = log.value.decode(errors="replace").split("\n")[0].strip()
            raise DriverError(f"{error}: {said}" if said else error) from error
        return module

    def unload(self, module):
        self.call("cuModuleUnload", module)

    def get_function(self, module, name):
        function = ctypes.c_void_p()
        self.call("cuModuleGetFunction", ctypes.byref(function), module,
                  name.encode())
        return function

    def launch(self, function, grid, block, shared, values):
        """Each value is a ctypes number."""
        if shared > FREELY_SHARED:
            self.call("cuFuncSetAttribute", function,
                      ctypes.c_int(MAX_DYNAMIC_SHARED), ctypes.c_int(shared))
        pointers = (ctypes.c_void_p * len(values))(
            *[ctypes.cast(ctypes.byref(value), ctypes.c_void_p)
              for value in values])
        self.call("cuLaunchKernel", function,
                  *[ctypes.c_uint(size) for size in (*grid, *block, shared)],
                  self.stream, pointers, None)

    def measure(self, body, before):
        """The milliseconds that what `body` starts takes on the GPU, after what
        `before` starts."""
        events = [ctypes.c_void_p(), ctypes.c_void_p()]
        for event in events:
            self.call("cuEventCreate", ctypes.byref(event), ctypes.c_uint(0))
        before()
        self.call("cuEventRecord", events[0], self.stream)
        body()
        self.call("cuEventRecord", events[1], self.stream)
        self.call("cuEventSynchronize", events[1])
        time = ctypes.c_float()
        self.call("cuEventElapsedTime", ctypes.byref(time), *events)
        for event in events:
            self.call("cuEventDestroy_v2", event)
        return time.value


INTEGERS = {1: ctypes.c_uint8, 2: ctypes.c_uint16, 4: ctypes.c_uint32,
            8: ctypes.c_uint64}


class Tape:
    """What one run of a compiled function asked the driver for."""

    def __init__(self, path):
        self.folder = os.path.dirname(path)
        with open(path) as file:
            self.steps = [line.split() for line in file]

    def get_sizes(self, what):
        """The bytes of each copy; `what` is to-device or to-host."""
        return [int(step[2]) for step in self.steps if step[0] == what]

    def read_file(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def load(self, driver):
        """A player whose buffers hold what the recorded ones did at the start."""
        return Player(self, driver)


class Player:
    """A tape with its buffers on the GPU."""

    def __init__(self, tape, driver):
        self.tape, self.driver = tape, driver
        self.buffers, self.functions, self.module = {}, {}, None

    def get_address(self, text):
        number, offset = text.split("+")
        return self.buffers[int(number)] + int(offset)

    def get_value(self, text):
        if "+" in text:
            return ctypes.c_uint64(self.get_address(text))
        size, value = text.split(":")
        return INTEGERS[int(size)](int(value))

    def launch(self, name, grid, block, shared, *parameters):
        if name not in self.functions:
            self.functions[name] = self.driver.get_function(self.module, name)
        self.driver.launch(self.functions[name],
                           *[map(int, size.split("x"))
                             for size in (grid, block)],
                           int(shared),
                           [self.get_value(text) for text in parameters])

    def get_data(self, size, name, make_data):
        if make_data:
            return make_data(size)
        return self.tape.read_file(name)

    def play(self, make_data=None):
        """Plays the whole tape; returns the results that it copies to the host.

        `make_data(size)` stands in for data that was not recorded."""
        results = []
        for kind, *rest in self.tape.steps:
            if kind == "module":
                self.module = self.driver.load(self.tape.read_file(rest[0]))
            elif kind == "alloc":
                self.buffers[int(rest[0])] = self.driver.allocate(int(rest[1]))
            elif kind == "to-device":
                self.driver.write(self.get_address(rest[0]), self.get_data(
                    int(rest[1]), rest[2], make_data))
            elif kind == "to-host":
                results.append(self.driver.read(self.get_address(rest[0]),
                                                int(rest[1])))
            else:
                self.play_step(kind, rest)
        return results

    def play_step(self, kind, rest):
        """What may be played again and again."""
        if kind == "copy":
            self.driver.copy(self.get_address(rest[0]),
                             self.get_address(rest[1]), int(rest[2]))
        elif kind == "memset":
            self.driver.fill(self.get_address(rest[0]), *map(int, rest[1:]))
        elif kind == "launch":
            self.launch(*rest)
        elif kind == "synchronize":
            self.driver.synchronize()

    def play_kernels(self):
        """Only what runs on the GPU."""
        for kind, *rest in self.tape.steps:
            if kind != "synchronize":
                self.play_step(kind, rest)

    def release(self):
        for address in self.buffers.values():
            self.driver.release(address)
        if self.module:
            self.driver.unload(self.module)
        self.buffers, self.functions, self.module = {}, {}, None
