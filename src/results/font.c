#include "results/font.h"

#include <stdlib.h>
#include <string.h>

#include <ft2build.h>
#include FT_FREETYPE_H
#include FT_MODULE_H
#include FT_OUTLINE_H
#include FT_SYSTEM_H
#include <utf8proc.h>

#include "base/error.h"
#include "base/memory.h"

/* src/results/font_data.S */
extern const uint8_t tyto_font_data[], tyto_font_data_end[];

/* Glyphs are drawn at quarters of a pixel: letters of small text keep their distances. */
#define PHASES 4
/* FreeType counts in 64ths of a pixel. */
#define UNIT 64
/* Vertical hints only: stems stay where the design has them, and heights are crisp. */
#define LOAD_FLAGS (FT_LOAD_TARGET_LIGHT | FT_LOAD_FORCE_AUTOHINT | FT_LOAD_NO_BITMAP)

typedef struct font_glyph {
    bool ready;
    int32_t left, top, width, rows;
    int64_t advance; /* the design's own, in 64ths: light hints leave it as it is */
    uint8_t *mask;
} font_glyph;

struct tyto_font {
    struct FT_MemoryRec_ memory;
    /* FreeType sometimes does without what it had no memory for; here that is an error. */
    bool out_of_memory;
    FT_Library library;
    FT_Face face;
    font_glyph *glyphs; /* by glyph index, then phase */
};

static void *on_alloc(FT_Memory memory, long bytes)
{
    tyto_font *font = memory->user;
    void *block = tyto_alloc((size_t)bytes, 1);
    font->out_of_memory |= block == NULL;
    return block;
}

static void on_free(FT_Memory memory, void *block)
{
    (void)memory;
    free(block);
}

static void *on_realloc(FT_Memory memory, long before, long bytes, void *block)
{
    tyto_font *font = memory->user;
    (void)before;
    void *moved = tyto_realloc(block, (size_t)bytes, 1);
    font->out_of_memory |= moved == NULL;
    return moved;
}

static tyto_status check(const tyto_font *font, FT_Error error, const char *what, tyto_error *err)
{
    if (font->out_of_memory) {
        return tyto_fail_memory(err, "font");
    }
    return error ? tyto_fail(err, TYTO_E_UNSUPPORTED, "font: FreeType error %d, required to %s",
                             error, what)
                 : TYTO_OK;
}

static tyto_status start(tyto_font *font, int64_t size_px, tyto_error *err)
{
    font->memory = (struct FT_MemoryRec_){font, on_alloc, on_free, on_realloc};
    TYTO_TRY(check(font, FT_New_Library(&font->memory, &font->library), "start", err));
    FT_Add_Default_Modules(font->library);
    TYTO_TRY(check(font, 0, "start", err));
    TYTO_TRY(check(font,
                   FT_New_Memory_Face(font->library, tyto_font_data,
                                      tyto_font_data_end - tyto_font_data, 0, &font->face),
                   "read the built-in font", err));
    TYTO_TRY(check(font, FT_Set_Pixel_Sizes(font->face, 0, (FT_UInt)size_px), "set a size", err));
    font->glyphs = tyto_alloc_zeroed((size_t)font->face->num_glyphs * PHASES, sizeof(font_glyph));
    return font->glyphs ? TYTO_OK : tyto_fail_memory(err, "font");
}

tyto_status tyto_font_open(int64_t size_px, tyto_font **out, tyto_error *err)
{
    tyto_font *font = tyto_alloc_zeroed(1, sizeof(*font));
    if (!font) {
        return tyto_fail_memory(err, "font");
    }
    tyto_status status = start(font, size_px, err);
    if (status == TYTO_OK) {
        *out = font;
    } else {
        tyto_font_close(font);
    }
    return status;
}

void tyto_font_close(tyto_font *font)
{
    if (!font) {
        return;
    }
    for (FT_Long i = 0; font->glyphs && i < font->face->num_glyphs * PHASES; i++) {
        free(font->glyphs[i].mask);
    }
    free(font->glyphs);
    FT_Done_Face(font->face);
    FT_Done_Library(font->library);
    free(font);
}

/* The line's height as the font's design has it, without the room between lines. */
int64_t tyto_font_ascent(const tyto_font *font)
{
    return FT_MulFix(font->face->ascender, font->face->size->metrics.y_scale) / UNIT;
}

int64_t tyto_font_descent(const tyto_font *font)
{
    return -FT_MulFix(font->face->descender, font->face->size->metrics.y_scale) / UNIT;
}

/* Renders a glyph moved right by phase/PHASES of a pixel. */
static tyto_status render(tyto_font *font, FT_UInt index, unsigned phase, font_glyph *out,
                          tyto_error *err)
{
    TYTO_TRY(check(font, FT_Load_Glyph(font->face, index, LOAD_FLAGS), "load a glyph", err));
    FT_GlyphSlot slot = font->face->glyph;
    FT_Outline_Translate(&slot->outline, (FT_Pos)(phase * UNIT / PHASES), 0);
    TYTO_TRY(check(font, FT_Render_Glyph(slot, FT_RENDER_MODE_NORMAL), "draw a glyph", err));
    const FT_Bitmap *bitmap = &slot->bitmap;
    out->left = slot->bitmap_left;
    out->top = slot->bitmap_top;
    out->width = (int32_t)bitmap->width;
    out->rows = (int32_t)bitmap->rows;
    out->advance = slot->linearHoriAdvance / (65536 / UNIT);
    out->mask = tyto_alloc(bitmap->rows, bitmap->width);
    if (!out->mask) {
        return tyto_fail_memory(err, "font");
    }
    for (size_t y = 0; y < bitmap->rows; y++) {
        memcpy(out->mask + y * bitmap->width, bitmap->buffer + (ptrdiff_t)y * bitmap->pitch,
               bitmap->width);
    }
    out->ready = true;
    return TYTO_OK;
}

/* A text being walked: where the pen stands, in 64ths of a pixel, and the glyph before it. */
typedef struct text_walk {
    int64_t at;
    FT_UInt index;
} text_walk;

/* The glyph of a code point, or false when it shows nothing of its own. */
static bool index_of(const tyto_font *font, int32_t code, FT_UInt *index)
{
    *index = FT_Get_Char_Index(font->face, (FT_ULong)code);
    if (*index) {
        return true;
    }
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
        return false;
    default:
        return true; /* 0 is the font's own empty box */
    }
}

tyto_font_cover tyto_font_covers(const tyto_font *font, const int32_t *codes, size_t count)
{
    tyto_font_cover cover = TYTO_FONT_HAS_ALL;
    for (size_t i = 0; i < count; i++) {
        FT_UInt index;
        const bool shown = index_of(font, codes[i], &index);
        if (shown && !index) {
            return TYTO_FONT_LACKS_LETTERS;
        }
        if (!shown && utf8proc_category(codes[i]) != UTF8PROC_CATEGORY_CF) {
            cover = TYTO_FONT_LACKS_MARKS;
        }
    }
    return cover;
}

/* Goes to the code point's glyph, kerning included; NULL when it has none. */
static font_glyph *step(const tyto_font *font, int32_t code, text_walk *walk, unsigned *phase)
{
    FT_UInt index;
    FT_Vector kerning = {0, 0};
    if (!index_of(font, code, &index)) {
        return NULL;
    }
    if (walk->index &&
        FT_Get_Kerning(font->face, walk->index, index, FT_KERNING_UNFITTED, &kerning) == 0) {
        walk->at = tyto_max_i64(walk->at + kerning.x, 0);
    }
    walk->index = index;
    *phase = (unsigned)(walk->at % UNIT * PHASES / UNIT);
    return &font->glyphs[index * PHASES + *phase];
}

tyto_status tyto_font_measure(tyto_font *font, const int32_t *codes, size_t count,
                              int64_t *width_px, tyto_error *err)
{
    text_walk at = {0};
    for (size_t i = 0; i < count; i++) {
        unsigned phase;
        font_glyph *glyph = step(font, codes[i], &at, &phase);
        if (glyph && !glyph->ready) {
            TYTO_TRY(render(font, at.index, phase, glyph, err));
        }
        at.at += glyph ? glyph->advance : 0;
    }
    *width_px = (at.at + UNIT - 1) / UNIT;
    return TYTO_OK;
}

void tyto_font_draw(const tyto_font *font, const int32_t *codes, size_t count, int64_t x,
                    int64_t baseline, tyto_paint paint, tyto_image *image)
{
    text_walk at = {0};
    for (size_t i = 0; i < count; i++) {
        unsigned phase;
        const font_glyph *glyph = step(font, codes[i], &at, &phase);
        if (glyph && glyph->ready) {
            tyto_paint_mask(image, x + at.at / UNIT + glyph->left, baseline - glyph->top,
                            glyph->mask, glyph->width, glyph->rows, paint);
            at.at += glyph->advance;
        }
    }
}
