//go:build !js

package bridge

// A File is a file that the user chose in the page. It exists in browsers only.
type File struct{}

// A Blob is what the core hands to the page as a file. It exists in browsers only.
type Blob struct{}
