/*
 * A switch interpreter in C with the semantics of the emitted WebAssembly, over the same linear memory (src/vm/layout.ts):
 * same decoded instructions, shadow checks, undo log and map lookups in place. It is what the fast interpreter is
 * measured against, and knows only the instructions of plain ALU, jump, load and store programs and array lookups.
 *
 * Usage: switch DUMP ROUNDS    DUMP: linear memory as a machine left it; prints CPU nanoseconds per round over all tests
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "switch.h" /* handler numbers, cells and DELTA, written by interpreter.ts */

typedef uint64_t u64; typedef int64_t s64; typedef uint32_t u32; typedef int32_t s32;
typedef uint16_t u16; typedef uint8_t u8;

static u8 *M;
#define AT(type, p) (*(type *)(M + (p)))

static u32 prepare(u32 p, u32 n)
{
	u64 want = ~0ull >> (8 * (8 - n)), shadow = AT(u64, p + DELTA), w = want & 0x0202020202020202ull;
	if ((shadow & w) != w) return 2;
	u32 first = p & ~7u, last = (p + n - 1) & ~7u;
	for (u32 word = first;; word = last) {
		if (!(AT(u8, word + DELTA) & 16)) {
			u32 top = AT(u32, LOG_TOP);
			AT(u32, top) = word;
			AT(u64, top + 8) = AT(u64, word);
			AT(u64, top + 16) = AT(u64, word + DELTA);
			AT(u32, LOG_TOP) = top + 24;
			AT(u64, word + DELTA) |= 0x1010101010101010ull;
		}
		if (word == last) break;
	}
	AT(u64, p + DELTA) |= want & 0x0101010101010101ull;
	return 0;
}

static void undo(void)
{
	u32 top = AT(u32, LOG_TOP), base = AT(u32, LOG_BASE);
	while (top != base) {
		top -= 24;
		u32 word = AT(u32, top);
		AT(u64, word) = AT(u64, top + 8);
		AT(u64, word + DELTA) = AT(u64, top + 16);
	}
	AT(u32, LOG_TOP) = base;
}

#define R(n) AT(u64, (n) * 8)
#define DST AT(u64, AT(u8, pc + 2))
#define SRC AT(u64, AT(u8, pc + 3))
#define DST32 AT(u32, AT(u8, pc + 2))
#define SRC32 AT(u32, AT(u8, pc + 3))
#define OFF AT(s32, pc + 4)
#define IMM AT(u64, pc + 8)
#define IMM32 AT(u32, pc + 8)
#define NEXT { pc += 16; continue; }
#define ALU(name, X) \
	case name##64_K: { u64 d = DST, s = IMM; (void)d; DST = X; NEXT } \
	case name##64_X: { u64 d = DST, s = SRC; (void)d; DST = X; NEXT } \
	case name##32_K: { u32 d = DST32, s = IMM32; (void)d; DST = (u32)(X); NEXT } \
	case name##32_X: { u32 d = DST32, s = SRC32; (void)d; DST = (u32)(X); NEXT }
#define SHIFT(name, X64, X32) \
	case name##64_K: { u64 d = DST, s = IMM & 63; DST = X64; NEXT } \
	case name##64_X: { u64 d = DST, s = SRC & 63; DST = X64; NEXT } \
	case name##32_K: { u32 d = DST32, s = IMM32 & 31; DST = (u32)(X32); NEXT } \
	case name##32_X: { u32 d = DST32, s = SRC32 & 31; DST = (u32)(X32); NEXT }
#define TAKE { steps += pc - start + 16; if (steps > limit) return 8; pc += OFF; start = pc; continue; }
#define JUMP(name, C64, C32) \
	case name##64_K: { u64 d = DST, s = IMM; if (C64) TAKE NEXT } \
	case name##64_X: { u64 d = DST, s = SRC; if (C64) TAKE NEXT } \
	case name##32_K: { u32 d = DST32, s = IMM32; if (C32) TAKE NEXT } \
	case name##32_X: { u32 d = DST32, s = SRC32; if (C32) TAKE NEXT }
#define LOCATE(reg) \
	u64 rel = (reg) + (s64)OFF - vbase; if (rel >= size) return 1; u32 p = (u32)rel + arena;
#define LOAD(name, type, ones) case name: { LOCATE(SRC) \
	if ((AT(type, p + DELTA) & (type)ones) == (type)ones) { DST = AT(type, p); NEXT } \
	if ((AT(u8, p + DELTA) & 4) && AT(u16, p + 2) == sizeof(type)) { DST = AT(u64, arena + AT(u16, p)); NEXT } \
	return 3; }
#define STORE(name, type, value) case name: { LOCATE(DST) type ready = (type)0x1313131313131313ull; \
	if ((AT(type, p + DELTA) & ready) != ready) { u32 f = prepare(p, sizeof(type)); if (f) return f; } \
	AT(type, p) = (type)(value); NEXT }
#define CLOBBER R(1) = poison + POISON_1; R(2) = poison + POISON_2; R(3) = poison + POISON_3; \
	R(4) = poison + POISON_4; R(5) = poison + POISON_5;

static u32 exec(u32 arena)
{
	u64 vbase = AT(u64, arena + HEAD_BASE), size = AT(u32, arena + HEAD_SIZE), poison = AT(u64, arena + HEAD_POISON);
	u32 limit = AT(u32, STEP_LIMIT), steps = 0, pc = 4096, start = pc;
	memset(M + arena + HEAD_STRUCTURE, 0, 24);
	CLOBBER
	R(0) = poison + POISON_0; R(6) = poison + POISON_6; R(7) = poison + POISON_7; R(8) = poison + POISON_8;
	R(9) = poison + POISON_9;
	R(1) = AT(u64, arena + HEAD_R1);
	R(10) = AT(u64, arena + HEAD_R10);
	for (;;) switch (AT(u16, pc)) {
	ALU(ADD, d + s) ALU(SUB, d - s) ALU(MUL, d * s) ALU(OR, d | s) ALU(AND, d & s) ALU(XOR, d ^ s) ALU(MOV, s)
	ALU(DIV, s ? d / s : 0) ALU(MOD, s ? d % s : d)
	SHIFT(LSH, d << s, d << s) SHIFT(RSH, d >> s, d >> s) SHIFT(ARSH, (u64)((s64)d >> s), (u32)((s32)d >> s))
	JUMP(JEQ, d == s, d == s) JUMP(JNE, d != s, d != s) JUMP(JGT, d > s, d > s) JUMP(JGE, d >= s, d >= s)
	JUMP(JLT, d < s, d < s) JUMP(JLE, d <= s, d <= s) JUMP(JSET, d & s, d & s)
	JUMP(JSGT, (s64)d > (s64)s, (s32)d > (s32)s) JUMP(JSGE, (s64)d >= (s64)s, (s32)d >= (s32)s)
	JUMP(JSLT, (s64)d < (s64)s, (s32)d < (s32)s) JUMP(JSLE, (s64)d <= (s64)s, (s32)d <= (s32)s)
	LOAD(LDX_B, u8, 0x01) LOAD(LDX_H, u16, 0x0101) LOAD(LDX_W, u32, 0x01010101) LOAD(LDX_DW, u64, 0x0101010101010101ull)
	STORE(STX_B, u8, SRC) STORE(STX_H, u16, SRC) STORE(STX_W, u32, SRC) STORE(STX_DW, u64, SRC)
	STORE(ST_B, u8, IMM) STORE(ST_H, u16, IMM) STORE(ST_W, u32, IMM) STORE(ST_DW, u64, IMM)
	case NEG64: DST = -DST; NEXT
	case BE16: DST = __builtin_bswap16((u16)DST); NEXT
	case BE32: DST = __builtin_bswap32((u32)DST); NEXT
	case BE64: DST = __builtin_bswap64(DST); NEXT
	case LD_IMM64: DST = IMM; NEXT
	case LD_MAP: DST = vbase + IMM; NEXT
	case NOP: NEXT
	case JA: TAKE
	case LOOKUP: {
		u64 d = R(1) - vbase;
		if (d - MAPS >= AT(u32, arena + HEAD_MAP_BYTES) || (d & 63) || AT(u32, arena + (u32)d + MAP_KIND) != 1) return 7;
		u32 map = arena + (u32)d;
		u64 rel = R(2) - vbase;
		if (rel >= size) return 1;
		u32 p = (u32)rel + arena;
		if ((AT(u32, p + DELTA) & 0x01010101) != 0x01010101) return 3;
		u32 key = AT(u32, p);
		R(0) = key < AT(u32, map + MAP_MAX) ? vbase + AT(u32, map + MAP_OFFSET) + key * AT(u32, map + MAP_STRIDE) : 0;
		CLOBBER
		NEXT
	}
	case EXIT:
		AT(u32, CELL_PC) = pc;
		AT(u32, STEPS) = steps + pc - start + 16;
		return 0;
	default:
		fprintf(stderr, "handler %u is not in this interpreter\n", AT(u16, pc));
		exit(2);
	}
}

/* As in wasm/distance.ts, for metric 0 and no external calls. */
static u64 distance(u32 arena)
{
	u64 sum = 0, r0 = R(0) & AT(u64, R0_MASK);
	sum += __builtin_popcountll(r0 ^ AT(u64, arena + HEAD_EXPECTED_R0));
	for (int i = 0; i < 3; i++)
		if (AT(u64, arena + HEAD_DATA + 8 * i) != AT(u64, arena + HEAD_EXPECTED_DATA + 8 * i)) sum += AT(u64, EDGE_COST);
	u32 at = AT(u32, arena + HEAD_EXPECTED), end = at + 24 * AT(u32, arena + HEAD_EXPECTED_COUNT);
	for (; at < end; at += 24) {
		u32 word = AT(u32, at);
		u64 seen = ((AT(u64, word + DELTA) >> 3) & 0x0101010101010101ull) * 255 & AT(u64, at + 16);
		sum += __builtin_popcountll((AT(u64, word) ^ AT(u64, at + 8)) & seen);
	}
	for (at = AT(u32, LOG_BASE), end = AT(u32, LOG_TOP); at < end; at += 24) {
		u32 word = AT(u32, at);
		if (AT(u8, word + DELTA) & 32) continue;
		u64 seen = ((AT(u64, word + DELTA) >> 3) & 0x0101010101010101ull) * 255;
		sum += __builtin_popcountll((AT(u64, word) ^ AT(u64, at + 8)) & seen);
	}
	if (AT(u32, arena + HEAD_CALLS) != AT(u32, arena + HEAD_EXPECTED_CALLS)) sum += AT(u64, CALL_COST);
	return sum;
}

int main(int argc, char **argv)
{
	if (argc != 3) return 2;
	FILE *f = fopen(argv[1], "rb");
	if (!f) return 2;
	fseek(f, 0, SEEK_END);
	long bytes = ftell(f);
	rewind(f);
	M = malloc(bytes);
	if (!M || fread(M, 1, bytes, f) != (size_t)bytes) return 2;
	long rounds = atol(argv[2]);
	u32 order = AT(u32, ORDER), tests = AT(u32, TESTS);
	u64 error = 0, faults = 0;
	struct timespec a, b;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	for (long n = 0; n < rounds; n++)
		for (u32 i = 0; i < tests; i++) {
			u32 arena = AT(u32, order + 4 * i);
			u32 status = exec(arena);
			if (status) faults++;
			else error += distance(arena);
			undo();
		}
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	double ns = (b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec);
	printf("{\"ns\":%f,\"error\":%llu,\"faults\":%llu}\n", ns / rounds, (unsigned long long)error, (unsigned long long)faults);
	return 0;
}
