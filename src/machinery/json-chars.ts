/** The characters that JSON is read by, as their codes: the same in text and in UTF-8. */
export const quote = 0x22;
export const backslash = 0x5c;
export const comma = 0x2c;
export const colon = 0x3a;
export const minus = 0x2d;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;
export const letterN = 0x6e;
export const letterT = 0x74;
export const zero = 0x30;
export const two = 0x32;
export const nine = 0x39;
