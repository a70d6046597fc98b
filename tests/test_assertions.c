/* Tests are worth less without assertions: they are on, in every build that is not for users (exit status 77: skipped). */
#include <stdio.h>

int main(void) {
#ifdef NDEBUG
    puts("assertions are off; scripts/test, or cmake --preset test, has them");
    return RELEASE ? 77 : 1;
#else
    return 0;
#endif
}
