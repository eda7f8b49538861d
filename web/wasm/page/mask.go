package page

// Mask says whether this device masks its screen, and for how many seconds it shows
// what was asked for.
type Mask struct {
	On      bool
	Seconds int
}

// NewMask sets it. Masking less than now needs an answer for the purpose "unmask".
type NewMask struct {
	On      bool
	Seconds int
	Answer  []byte
}

// Key is what answers to challenges are made with. The page gives it once.
type Key struct {
	Key []byte
}

// Challenge is good for one answer, HMAC-SHA256 of it and the purpose.
type Challenge struct {
	Challenge []byte
}

// Item is what can be revealed: a message or a person of a conversation, or all of
// the conversation when Item is empty. The conversation "people" has the contacts.
type Item struct {
	Conversation string
	Item         string
}

// Reveal asks to read an item for a moment, or, if Held, for as long as a finger is
// down. Its purpose is "reveal", conversation, item, and "held" or "timed", with a
// line feed between them.
type Reveal struct {
	Conversation string
	Item         string
	Held         bool
	Answer       []byte
}

// Sealed asks for texts of what is revealed.
type Sealed struct {
	Conversation string
	Item         string
	Sealed       []string
}

// Texts are in the order in which they were asked for.
type Texts struct {
	Texts []string
}
