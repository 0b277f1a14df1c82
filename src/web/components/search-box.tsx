// A text field that tells what it holds when the typing pauses.
import { useEffect, useRef, useState } from "preact/hooks";

const PAUSE_MS = 300;

interface SearchBoxProps {
  label: string;
  value: string;
  placeholder?: string;
  onChange(value: string): void;
}

export function SearchBox({ label, value, placeholder, onChange }: SearchBoxProps) {
  const [text, setText] = useState(value);
  const timer = useRef(0);
  useEffect(() => setText(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (typed: string) => {
    setText(typed);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => onChange(typed), PAUSE_MS);
  };
  return (
    <label>
      {label}
      <input
        type="search"
        spellcheck={false}
        autocomplete="off"
        placeholder={placeholder ?? ""}
        value={text}
        onInput={(event) => type(event.currentTarget.value)}
      />
    </label>
  );
}
