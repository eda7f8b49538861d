package conversation

import "bulle/protocol/syntax"

// Text is the body of [KindText]: opaque text<V>, UTF-8, 1 to [MaxText] bytes.
type Text struct{ Text string }

// Code implements [syntax.Value].
func (t *Text) Code(c *syntax.Codec) {
	codeText(c, &t.Text)
	if c.Err() == nil && t.Text == "" {
		c.Fail("an empty text")
	}
}

// heardText writes a text of a member into the history.
func (w *threadWork) heardText(s *said) (*MessageID, error) {
	var t Text
	if !decodes(s.Body, &t) {
		return nil, nil //nolint:nilnil // no message, no failure
	}
	rec := w.heardRecord(s, MessageText)
	rec.Text = t.Text
	return w.enterHistory(s, rec)
}
