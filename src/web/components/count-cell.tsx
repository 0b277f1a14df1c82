// A count in a table: zeros are pale, others may have the colour of a state.
import { count } from "../format.tsx";

export function CountCell({ value, look = "" }: { value: number; look?: string }) {
  if (value === 0) return <span class="zero">0</span>;
  return <span class={look && `state ${look}`}>{count(value)}</span>;
}
