#include "session/rich.h"

/* A picture as PNG, two pixels a unit, drawn by cairo.
 *
 * The library is looked for when the first picture is asked for: a program that draws nothing
 * does not pay for loading it, and where it is missing there are no pixels. */

#include "session/picture.h"

#include <dlfcn.h>
#include <math.h>
#include <string.h>

#define SCALE 2

typedef void cairo; /* its own types stay its own */
typedef void surface;

typedef struct {
    double x_bearing, y_bearing, width, height, x_advance, y_advance;
} extents;

typedef int write_fn(void *closure, const unsigned char *data, unsigned int size);

/* ONE(result, name, arguments) */
#define FUNCTIONS(ONE)                                                                    \
    ONE(surface *, image_surface_create, (int format, int width, int height))             \
    ONE(int, surface_write_to_png_stream, (surface * s, write_fn * write, void *closure)) \
    ONE(void, surface_destroy, (surface * s))                                             \
    ONE(cairo *, create, (surface * s))                                                   \
    ONE(void, destroy, (cairo * c))                                                       \
    ONE(int, status, (cairo * c))                                                         \
    ONE(void, save, (cairo * c))                                                          \
    ONE(void, restore, (cairo * c))                                                       \
    ONE(void, scale, (cairo * c, double x, double y))                                     \
    ONE(void, translate, (cairo * c, double x, double y))                                 \
    ONE(void, rotate, (cairo * c, double angle))                                          \
    ONE(void, set_source_rgba, (cairo * c, double r, double g, double b, double a))       \
    ONE(void, set_antialias, (cairo * c, int antialias))                                  \
    ONE(void, set_line_width, (cairo * c, double width))                                  \
    ONE(void, set_line_cap, (cairo * c, int cap))                                         \
    ONE(void, set_line_join, (cairo * c, int join))                                       \
    ONE(void, new_path, (cairo * c))                                                      \
    ONE(void, move_to, (cairo * c, double x, double y))                                   \
    ONE(void, line_to, (cairo * c, double x, double y))                                   \
    ONE(void, close_path, (cairo * c))                                                    \
    ONE(void, rectangle, (cairo * c, double x, double y, double width, double height))    \
    ONE(void, fill, (cairo * c))                                                          \
    ONE(void, stroke, (cairo * c))                                                        \
    ONE(void, select_font_face, (cairo * c, const char *family, int slant, int weight))   \
    ONE(void, set_font_size, (cairo * c, double size))                                    \
    ONE(void, text_extents, (cairo * c, const char *text, extents *e))                    \
    ONE(void, show_text, (cairo * c, const char *text))

typedef struct {
/* NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes none */
#define ONE(result, name, arguments) result(*name) arguments;
    FUNCTIONS(ONE)
#undef ONE
} library;

enum { FORMAT_RGB24 = 1, ANTIALIAS_DEFAULT = 0, ANTIALIAS_NONE = 1, ROUND = 1, BUTT = 0 };

static bool find(void *handle, const char *name, void *function, size_t size) {
    void *symbol = dlsym(handle, name);
    CF_ASSERT(size == sizeof symbol);
    memcpy(function, &symbol, size); /* POSIX: a symbol may be a function */
    return symbol != NULL;
}

/* Never closed: the library keeps fonts that the next picture uses too. */
static bool load(library *lib) {
    void *handle = dlopen("libcairo.so.2", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) return false;
    bool all = true;
#define ONE(result, name, arguments) \
    all &= find(handle, "cairo_" #name, &lib->name, sizeof lib->name);
    FUNCTIONS(ONE)
#undef ONE
    return all;
}

#ifdef __SANITIZE_ADDRESS__
/* What the font library keeps for ever is no leak of ours. */
#define EXPORTED __attribute__((visibility("default"), used))
EXPORTED const char *__lsan_default_suppressions(void);
EXPORTED const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig\n";
}
const char *__lsan_default_options(void) {
    return "print_suppressions=0";
}
#endif

/* ---- marks ---- */

typedef struct {
    library lib;
    cairo *c;
} painter;

static void set_color(const painter *p, const cf_pen *pen) {
    p->lib.set_source_rgba(p->c, (double)(pen->color >> 16 & 255) / 255,
                           (double)(pen->color >> 8 & 255) / 255,
                           (double)(pen->color & 255) / 255, pen->opacity);
}

static void trace_line(const painter *p, const cf_mark *m) {
    bool before = false;
    for (size_t i = 0; i < m->count; i++) {
        const double x = m->at[2 * i], y = m->at[2 * i + 1];
        const bool here = isfinite(x) && isfinite(y);
        if (here && before) p->lib.line_to(p->c, x, y);
        if (here && !before) p->lib.move_to(p->c, x, y);
        before = here;
    }
    if (m->kind == CF_MARK_AREA) p->lib.close_path(p->c);
}

static void trace_item(const painter *p, cf_mark_kind kind, const double *at) {
    if (kind == CF_MARK_RECTS) {
        p->lib.rectangle(p->c, at[0], at[1], at[2], at[3]);
        return;
    }
    p->lib.move_to(p->c, at[0], at[1]);
    if (kind == CF_MARK_SEGMENTS)
        p->lib.line_to(p->c, at[2], at[3]);
    else
        p->lib.close_path(p->c); /* of no length: with round ends a dot */
}

static void paint_path(const painter *p, const cf_mark *m) {
    p->lib.new_path(p->c);
    if (m->kind == CF_MARK_LINE || m->kind == CF_MARK_AREA)
        trace_line(p, m);
    else
        for (size_t i = 0; i < m->count; i++)
            trace_item(p, m->kind, m->at + i * cf_mark_stride(m->kind));
    set_color(p, &m->pen);
    p->lib.set_antialias(p->c, m->kind == CF_MARK_RECTS ? ANTIALIAS_NONE : ANTIALIAS_DEFAULT);
    if (m->kind == CF_MARK_RECTS || m->kind == CF_MARK_AREA) {
        p->lib.fill(p->c);
        return;
    }
    p->lib.set_line_width(p->c, m->pen.size);
    p->lib.set_line_cap(p->c, m->kind == CF_MARK_DOTS ? ROUND : BUTT);
    p->lib.set_line_join(p->c, ROUND);
    p->lib.stroke(p->c);
}

static void set_font(const painter *p, const cf_pen *pen) {
    p->lib.select_font_face(p->c, "Helvetica", 0, pen->bold ? 1 : 0);
    p->lib.set_font_size(p->c, pen->size);
}

static void paint_text(const painter *p, const cf_mark *m) {
    extents e = {0};
    p->lib.save(p->c);
    p->lib.translate(p->c, m->at[0], m->at[1]);
    if (m->pen.turned) p->lib.rotate(p->c, -acos(0));
    set_font(p, &m->pen);
    set_color(p, &m->pen);
    cf_text clean = {0};
    cf_rich_add_clean(&clean, m->text, strlen(m->text));
    if (clean.data != NULL) {
        p->lib.text_extents(p->c, clean.data, &e);
        p->lib.move_to(p->c, -e.x_advance * 0.5 * (double)m->pen.anchor, 0);
        p->lib.show_text(p->c, clean.data);
    }
    cf_text_clear(&clean);
    p->lib.restore(p->c);
}

/* Pictures without letters would mislead: no font, no picture. */
static bool has_font(const painter *p) {
    extents e = {0};
    set_font(p, &(cf_pen){.size = 12});
    p->lib.text_extents(p->c, "x", &e);
    return e.width > 0;
}

static int append(void *closure, const unsigned char *data, unsigned int size) {
    cf_text *out = closure;
    cf_text_add(out, (const char *)data, size);
    return 0;
}

static bool paint(painter *p, cf_text *out, const cf_picture *picture) {
    surface *s = p->lib.image_surface_create(FORMAT_RGB24, (int)ceil(picture->width * SCALE),
                                             (int)ceil(picture->height * SCALE));
    p->c = p->lib.create(s);
    p->lib.scale(p->c, SCALE, SCALE);
    const bool letters = has_font(p);
    for (size_t i = 0; letters && i < picture->count; i++)
        if (picture->marks[i].kind == CF_MARK_TEXT)
            paint_text(p, &picture->marks[i]);
        else
            paint_path(p, &picture->marks[i]);
    const bool good = letters && p->lib.status(p->c) == 0 &&
                      p->lib.surface_write_to_png_stream(s, append, out) == 0;
    p->lib.destroy(p->c);
    p->lib.surface_destroy(s);
    return good;
}

bool cf_rich_png(cf_text *out, const cf_result *r) {
    painter brush = {0};
    cf_arena *arena = cf_arena_new(1 << 16);
    if (arena == NULL) return false;
    cf_picture picture = {.arena = arena};
    const bool good =
        cf_chart_draw(&picture, r) && load(&brush.lib) && paint(&brush, out, &picture);
    cf_arena_free(arena);
    return good;
}
