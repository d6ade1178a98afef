import { StrictMode, Suspense, useState } from "react";
import { createRoot } from "react-dom/client";
import { connect } from "presync";
import { PresyncProvider, useDocument, usePresync, useSyncStatus } from "presync/react";

interface Todos {
  items: string[];
}

function List() {
  const [todos, change, { error }] = useDocument<Todos>("todos", { items: [] });
  if (error !== undefined) return <p role="alert">{error.message}</p>;
  if (todos === undefined) return <p>One moment …</p>;
  return (
    <>
      <ul>
        {todos.items.map((text, index) => (
          <li key={index}>{text}</li>
        ))}
      </ul>
      <button onClick={() => change((doc) => void doc.items.push(`item ${doc.items.length + 1}`))}>
        Add
      </button>
    </>
  );
}

function Saved() {
  const { device, bucket, pending } = useSyncStatus();
  if (bucket === "off") return <output>device: {device}</output>;
  return (
    <output>
      device: {device}, bucket: {bucket}, {pending.documents} to be sent
    </output>
  );
}

function Account() {
  const presync = usePresync();
  const { user } = useSyncStatus();
  if (user === null) return <SignIn />;
  return <button onClick={() => void presync.signOut()}>Sign out</button>;
}

function SignIn() {
  const presync = usePresync();
  const [newKey] = useState(() => presync.newSecretKey());
  const signIn = (form: FormData) =>
    presync.signIn("key", { secretKey: form.get("secretKey") as string });
  return (
    <form action={signIn}>
      <input name="secretKey" aria-label="Secret key" defaultValue={newKey} />
      <button>Sign in</button>
    </form>
  );
}

// Once, and outside of all components: each call is a connection of its own.
const presync = connect();

createRoot(document.querySelector("#app")!).render(
  <StrictMode>
    <Suspense fallback={<p>One moment …</p>}>
      <PresyncProvider presync={presync}>
        <List />
        <Saved />
        <Account />
      </PresyncProvider>
    </Suspense>
  </StrictMode>,
);
