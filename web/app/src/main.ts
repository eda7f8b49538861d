import { mount } from 'svelte';
import App from './App.svelte';
import './app.css';

const target = document.getElementById('app');
if (!target) throw new Error('the page has no place for the app');
target.replaceChildren(); // what stood here until now
mount(App, { target });
