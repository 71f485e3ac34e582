#include "write/order_json.h"

void order_json(struct out *out, const struct ordering *ordering)
{
    const struct ordering *o = ordering;
    out_text(out, ",\n\"order\":{\"order\":[");
    for (size_t i = 0; i < o->n; i++)
        out_format(out, i > 0 ? ",%zu" : "%zu", o->order[i]);
    out_text(out, "],\n\"moved\":[");
    for (size_t i = 0; i < o->layers * o->n; i++) {
        out_text(out, i % o->n > 0 ? "," : i > 0 ? "],\n[" : "[");
        out_float(out, (float)o->moved[i]);
    }
    out_text(out, "]],\n\"largest\":");
    out_float(out, (float)o->largest);
    out_text(out, ",\"length\":");
    out_float(out, (float)o->length);
    out_format(out, ",\"is_equivariant\":%s}", o->is_equivariant ? "true" : "false");
}
