// Linked into every program of an AddressSanitizer build. PoCL keeps its platform, and the LLVM inside it
// the compiler's tables, until the process ends, and unregisters nothing: every leak that is reported after
// an OpenCL test comes through these two libraries. What our code leaks is reported still, unless it was
// allocated by them on our behalf.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libpocl\nleak:libLLVM\n";
}
