// Bytes as people read them: sixteen in a line, with their place and what they are in ASCII.

const WIDTH = 16;

export function hexLines(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += WIDTH) {
    const row = [...bytes.subarray(at, at + WIDTH)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0"));
    const [left, right] = [hex.slice(0, 8).join(" "), hex.slice(8).join(" ")];
    const ascii = row.map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : "."));
    const place = at.toString(16).padStart(8, "0");
    lines.push(`${place}  ${left.padEnd(23)}  ${right.padEnd(23)}  ${ascii.join("")}`);
  }
  return lines.join("\n");
}
