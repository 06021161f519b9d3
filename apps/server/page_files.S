/* The page's files, as bytes of the program. The build has page/ among the folders that are searched. */
    .section .rodata
#define PAGE_FILE(name, file, path, type) \
    .global page_##name; .global page_##name##_end; page_##name: .incbin file; page_##name##_end: .byte 0;
#include "page_files.h"

    .section .note.GNU-stack, "", %progbits
