/* A tokenizer driven by a switch over its state, on generated text: unpredictable branches and jump tables. */
#include "bench.h"
#define N 1000000
static u8 text[N + 1];
enum state { BLANK, WORD, NUMBER, HEX, STRING, ESCAPE, LINE_COMMENT, SLASH, OPERATOR, BLOCK_COMMENT, STAR };
static NOINLINE u64 scan(const u8 *p)
{
  enum state state = BLANK;
  u64 words = 0, numbers = 0, strings = 0, operators = 0, comments = 0, value = 0;
  for (u8 c; (c = *p) != 0; p++) {
    switch (state) {
    case BLANK:
    again:
      if ((c | 32) >= 'a' && (c | 32) <= 'z') state = WORD, value = c;
      else if (c == '0') state = HEX, value = 0;
      else if (c >= '1' && c <= '9') state = NUMBER, value = c - '0';
      else if (c == '"') state = STRING;
      else if (c == '/') state = SLASH;
      else if (c == '#') state = LINE_COMMENT;
      else if (c > ' ') state = OPERATOR;
      else state = BLANK;
      break;
    case WORD:
      if (((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_') value = value * 33 + c;
      else { words += value & 0xffff; goto again; }
      break;
    case NUMBER:
      if (c >= '0' && c <= '9') value = value * 10 + c - '0';
      else { numbers += value & 0xffff; goto again; }
      break;
    case HEX:
      if (c >= '0' && c <= '9') value = value * 16 + c - '0';
      else if ((c | 32) >= 'a' && (c | 32) <= 'f') value = value * 16 + (c | 32) - 'a' + 10;
      else { numbers += value & 0xffff; goto again; }
      break;
    case STRING:
      if (c == '\\') state = ESCAPE;
      else if (c == '"' || c == '\n') strings++, state = BLANK;
      break;
    case ESCAPE: state = STRING; break;
    case SLASH:
      if (c == '*') state = BLOCK_COMMENT;
      else { operators++; goto again; }
      break;
    case BLOCK_COMMENT: if (c == '*') state = STAR; break;
    case STAR:
      if (c == '/') comments++, state = BLANK;
      else if (c != '*') state = BLOCK_COMMENT;
      break;
    case LINE_COMMENT: if (c == '\n') comments++, state = BLANK; break;
    case OPERATOR: operators++; goto again;
    }
  }
  return words + 3 * numbers + 5 * strings + 7 * operators + 11 * comments;
}
u64 kernel(void)
{
  static const u8 alphabet[] = "abcdefghijklmnop  _ABC \n 0123456789 0 +-*/=<>()  \"\" \\ /* */ # \n xyz";
  u64 sum = 0;
  for (int i = 0; i < N; i++) text[i] = alphabet[(next_random() >> 20) % (sizeof alphabet - 1)];
  for (int round = 0; round < 210; round++) {
    sum = sum * 31 + scan(text);
    text[(round * 7919) % N] = alphabet[round % (sizeof alphabet - 1)];
  }
  return sum;
}
