// The field for the queue into which events are moved.
interface TargetFieldProps {
  target: string;
  onTarget(target: string): void;
}

export function TargetField({ target, onTarget }: TargetFieldProps) {
  return (
    <label>
      To the queue
      <input
        required
        autocomplete="off"
        value={target}
        onInput={(event) => onTarget(event.currentTarget.value)}
      />
    </label>
  );
}
