// Lua files are imported as text and end up inside the executable.
declare module "*.lua" {
  const text: string;
  export default text;
}
