#include "base/words.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

int words_find(const char *words, const char *text)
{
    size_t length = strlen(text);
    for (int i = 0; *words; i++) {
        size_t size = strcspn(words, " ");
        if (size == length && memcmp(words, text, size) == 0)
            return i;
        words += size + (words[size] == ' ');
    }
    return -1;
}

const char *words_at(const char *words, int i, int *length)
{
    for (; i > 0; i--)
        words += strcspn(words, " ") + 1;
    *length = (int)strcspn(words, " ");
    return words;
}

void words_list(char list[WORDS_LIST], const char *words, const char *last)
{
    size_t used = 0;
    list[0] = 0;
    for (const char *word = words; *word && used < WORDS_LIST;) {
        size_t length = strcspn(word, " ");
        const char *rest = word + length + (word[length] == ' ');
        bool is_first = word == words, is_last = !is_first && !*rest;
        used += (size_t)snprintf(list + used, WORDS_LIST - used, "%s%s%s%.*s",
                                 is_first  ? ""
                                 : is_last ? " "
                                           : ", ",
                                 is_last ? last : "", is_last ? " " : "", (int)length, word);
        word = rest;
    }
}

bool words_error(const char *words, const char *called, const char *text, const char *expected,
                 enum error_kind kind, struct error *error)
{
    enum { MOST = 32 };
    char copy[WORDS_LIST];
    const char *word[MOST + 1] = {NULL};
    int count = 0;
    char *rest = NULL;
    snprintf(copy, sizeof copy, "%s", words ? words : "");
    for (char *w = strtok_r(copy, " ", &rest); w && count < MOST; w = strtok_r(NULL, " ", &rest))
        word[count++] = w;
    const char *near = text_nearest(text, word);
    if (near)
        return error_set(error, kind, "%s is \"%s\": did you mean %s?", called, text, near);
    return error_set(error, kind, "%s is \"%s\": expected %s%s", called, text, expected ? "" : "one of ",
                     expected ? expected : words);
}
