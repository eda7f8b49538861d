//go:build !race && !js

package delivery

// manyCells is how many keys are compared with each other.
const manyCells = 1_000_000
