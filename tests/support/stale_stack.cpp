// Exit status 1 if a variable without an initial value holds what another function has left on the stack. Built with
// the arguments of the whole project, and run by hardening.py.
namespace {

constexpr unsigned char mark = 0xa5;

[[gnu::noinline]] void leave_marks() {
  volatile unsigned char bytes[256];
  for (volatile unsigned char& byte : bytes) byte = mark;
}

[[gnu::noinline]] bool finds_marks() {
  volatile unsigned char bytes[256];
  for (const volatile unsigned char& byte : bytes)
    if (byte == mark) return true;
  return false;
}

}  // namespace

int main() {
  leave_marks();
  return finds_marks() ? 1 : 0;
}
