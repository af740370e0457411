// Linked into every test of a ThreadSanitizer build. libtbb is not instrumented: the sanitizer sees
// the deletes and compares that it makes on its own memory (an arena that its last worker leaves),
// but not the atomics that order them. Calls from our code stay checked, on TBB's threads as well.
// ThreadWaits is made before an arena has threads and ends after TBB has said that none is inside any
// more; of that the sanitizer sees its mutex and files only.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libtbb.so\n"
         "race:quire::kernels::cpu::ThreadWaits\n";
}
