/* Files that are bytes of the program: the page's, each from page_NAME to page_NAME_end, and schemas.json. The build has
 * this folder and page/ among those that are searched. */
    .section .rodata
#define PAGE_FILE(name, file, path, type) \
    .global page_##name; .global page_##name##_end; page_##name: .incbin file; page_##name##_end: .byte 0;
#include "page_files.h"

    .global schemas_json
    .global schemas_json_end
schemas_json:
    .incbin "schemas.json"
schemas_json_end:
    .byte 0

    .section .note.GNU-stack, "", %progbits
