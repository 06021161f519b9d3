/* The font of the labels, as bytes of the library. TYTO_FONT_FILE is given by the build. */
    .section .rodata
    .hidden tyto_font_data
    .hidden tyto_font_data_end
    .global tyto_font_data
    .global tyto_font_data_end
    .type tyto_font_data, %object
    .type tyto_font_data_end, %object
    .balign 16
tyto_font_data:
    .incbin TYTO_FONT_FILE
tyto_font_data_end:
    .byte 0
    .size tyto_font_data, tyto_font_data_end - tyto_font_data
    .size tyto_font_data_end, 1

    .section .note.GNU-stack, "", %progbits
