#include "io/root_type_name.h"

#include "io/root_streamer.h"

#include <string.h>

static const struct {
    const char *name;
    int type;
} basics[] = {
    {"bool", CF_ROOT_BOOL},
    {"Bool_t", CF_ROOT_BOOL},
    {"char", CF_ROOT_CHAR},
    {"Char_t", CF_ROOT_CHAR},
    {"signed char", CF_ROOT_CHAR},
    {"int8_t", CF_ROOT_CHAR},
    {"unsigned char", CF_ROOT_UCHAR},
    {"UChar_t", CF_ROOT_UCHAR},
    {"uint8_t", CF_ROOT_UCHAR},
    {"short", CF_ROOT_SHORT},
    {"Short_t", CF_ROOT_SHORT},
    {"int16_t", CF_ROOT_SHORT},
    {"unsigned short", CF_ROOT_USHORT},
    {"UShort_t", CF_ROOT_USHORT},
    {"uint16_t", CF_ROOT_USHORT},
    {"int", CF_ROOT_INT},
    {"Int_t", CF_ROOT_INT},
    {"int32_t", CF_ROOT_INT},
    {"unsigned int", CF_ROOT_UINT},
    {"unsigned", CF_ROOT_UINT},
    {"UInt_t", CF_ROOT_UINT},
    {"uint32_t", CF_ROOT_UINT},
    {"long", CF_ROOT_LONG},
    {"Long_t", CF_ROOT_LONG},
    {"unsigned long", CF_ROOT_ULONG},
    {"ULong_t", CF_ROOT_ULONG},
    {"size_t", CF_ROOT_ULONG},
    {"long long", CF_ROOT_LONG64},
    {"Long64_t", CF_ROOT_LONG64},
    {"int64_t", CF_ROOT_LONG64},
    {"unsigned long long", CF_ROOT_ULONG64},
    {"ULong64_t", CF_ROOT_ULONG64},
    {"uint64_t", CF_ROOT_ULONG64},
    {"float", CF_ROOT_FLOAT},
    {"Float_t", CF_ROOT_FLOAT},
    {"double", CF_ROOT_DOUBLE},
    {"Double_t", CF_ROOT_DOUBLE},
    {"Double32_t", CF_ROOT_DOUBLE32},
    {"Float16_t", CF_ROOT_FLOAT16},
};

static const struct {
    const char *name;
    cf_root_name_kind kind;
} templates[] = {
    {"vector", CF_ROOT_NAME_LIST},
    {"list", CF_ROOT_NAME_LIST},
    {"deque", CF_ROOT_NAME_LIST},
    {"forward_list", CF_ROOT_NAME_LIST},
    {"set", CF_ROOT_NAME_LIST},
    {"multiset", CF_ROOT_NAME_LIST},
    {"unordered_set", CF_ROOT_NAME_LIST},
    {"unordered_multiset", CF_ROOT_NAME_LIST},
    {"ROOT::VecOps::RVec", CF_ROOT_NAME_LIST},
    {"ROOT::RVec", CF_ROOT_NAME_LIST},
    {"map", CF_ROOT_NAME_MAP},
    {"multimap", CF_ROOT_NAME_MAP},
    {"unordered_map", CF_ROOT_NAME_MAP},
    {"unordered_multimap", CF_ROOT_NAME_MAP},
    {"pair", CF_ROOT_NAME_PAIR},
};

static cf_str trimmed(cf_str s) {
    static const char *const prefixes[] = {"const ", "std::", "class ", "struct "};
    while (s.size > 0 && s.data[0] == ' ')
        s = (cf_str){s.data + 1, s.size - 1};
    while (s.size > 0 && s.data[s.size - 1] == ' ')
        s.size--;
    for (size_t i = 0; i < CF_COUNT(prefixes); i++) {
        const size_t size = strlen(prefixes[i]);
        if (s.size > size && memcmp(s.data, prefixes[i], size) == 0)
            return trimmed((cf_str){s.data + size, s.size - size});
    }
    return s;
}

/* What stands between the outermost angle brackets, cut at its own commas. */
static void arguments_cut(cf_str inside, cf_str out[2]) {
    size_t begin = 0, n = 0;
    int depth = 0;
    for (size_t i = 0; i <= inside.size && n < 2; i++) {
        const char c = i < inside.size ? inside.data[i] : ',';
        if (c == '<') depth++;
        if (c == '>') depth--;
        if (c != ',' || (depth != 0 && i < inside.size)) continue;
        out[n++] = trimmed((cf_str){inside.data + begin, i - begin});
        begin = i + 1;
    }
}

cf_root_type_name cf_root_type_name_of(cf_str text) {
    cf_root_type_name t = {.kind = CF_ROOT_NAME_CLASS, .name = trimmed(text)};
    for (size_t i = 0; i < CF_COUNT(basics); i++)
        if (cf_str_is(t.name, basics[i].name)) {
            t.kind = CF_ROOT_NAME_BASIC;
            t.type = basics[i].type;
            return t;
        }
    if (cf_str_is(t.name, "string") || cf_str_is(t.name, "TString")) t.kind = CF_ROOT_NAME_TEXT;
    const char *open = t.name.size > 0 ? memchr(t.name.data, '<', t.name.size) : NULL;
    if (open == NULL || t.name.data[t.name.size - 1] != '>') return t;
    const cf_str head = {t.name.data, (size_t)(open - t.name.data)};
    for (size_t i = 0; i < CF_COUNT(templates); i++)
        if (cf_str_is(head, templates[i].name)) t.kind = templates[i].kind;
    arguments_cut((cf_str){open + 1, t.name.size - head.size - 2}, t.arguments);
    if (t.kind == CF_ROOT_NAME_LIST && t.arguments[0].size == 0) t.kind = CF_ROOT_NAME_CLASS;
    return t;
}
