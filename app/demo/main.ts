import { connect } from "presync";

const presync = await connect();
const todos = await presync.open("todos", { items: [] as string[] });
Object.assign(globalThis, { presync, todos });
document.querySelector("output")!.textContent = JSON.stringify(todos.doc());
