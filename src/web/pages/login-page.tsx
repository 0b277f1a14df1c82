// Asks for a user and a password.
import { useState } from "preact/hooks";
import type { ApiError } from "../request.ts";
import { logIn } from "../session.ts";
import { failureOf } from "../use-answer.ts";

export function LoginPage() {
  const [user, setUser] = useState("default");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [isWorking, setWorking] = useState(false);
  const submit = async (event: Event) => {
    event.preventDefault();
    setWorking(true);
    setError(null);
    await logIn(user, password).catch((caught: Error) => setError(failureOf(caught)));
    setWorking(false);
  };
  return (
    <main id="main" class="login">
      <form onSubmit={submit}>
        <h1>okq</h1>
        <label>
          User
          <input
            autocomplete="username"
            required
            value={user}
            onInput={(event) => setUser(event.currentTarget.value)}
          />
        </label>
        <label>
          Password
          <input
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        {error && (
          <p class="problem" role="alert">
            {error.message}
          </p>
        )}
        <button class="primary" disabled={isWorking}>
          Log in
        </button>
      </form>
    </main>
  );
}
