/* Files put into the binary by the assembler. */
#ifndef ATTN_BASE_EMBED_H
#define ATTN_BASE_EMBED_H

#ifdef __APPLE__
#define EMBED_SECTION ".const_data\n"
#define EMBED_PREFIX "_"
#else
#define EMBED_SECTION ".section .rodata\n"
#define EMBED_PREFIX ""
#endif

/* Defines the arrays `name` (the bytes of the file, and a NUL) and `name_end` (its NUL); both string
 * literals. Declare them as `extern const unsigned char name[], name_end[]`. */
#define EMBED_FILE(name, path)                                                                               \
    __asm__(EMBED_SECTION ".balign 16\n"                                                                     \
                          ".globl " EMBED_PREFIX name "\n"                                                   \
                          ".globl " EMBED_PREFIX name "_end\n" EMBED_PREFIX name ":\n"                       \
                          ".incbin \"" path "\"\n" EMBED_PREFIX name "_end:\n"                               \
                          ".byte 0\n"                                                                        \
                          ".text\n")

#endif
