/** Lines of a stream, one at a time, none kept beyond a bound. */

/**
 * Splits UTF-8 text at LF, or CR LF: nothing else ends a line, since an address may hold whatever it likes.
 * @param maximum octets of a line that are kept; of a longer one the beginning comes, and `isWhole` is false
 */
export async function* linesOf(
  input: NodeJS.ReadableStream,
  maximum: number,
): AsyncGenerator<{ readonly line: string; readonly isWhole: boolean }> {
  let parts: Buffer[] = [];
  let length = 0;
  const add = (part: Buffer): void => {
    if (length < maximum) parts.push(part.subarray(0, maximum - length));
    length += part.length;
  };
  const take = () => {
    const isWhole = length <= maximum;
    const line = Buffer.concat(parts).toString("utf8");
    [parts, length] = [[], 0];
    return { line: line.endsWith("\r") ? line.slice(0, -1) : line, isWhole };
  };
  for await (const chunk of input) {
    let rest = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    for (let end = rest.indexOf(LF); end >= 0; end = rest.indexOf(LF)) {
      add(rest.subarray(0, end));
      yield take();
      rest = rest.subarray(end + 1);
    }
    add(rest);
  }
  if (length > 0) yield take();
}

const LF = 0x0a;
