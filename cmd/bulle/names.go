//nolint:misspell // half of the words are French
package main

import (
	"context"
	"errors"
	"fmt"

	"bulle/device/client"
	"bulle/device/terminal/lang"
)

// news is what a command knows about the relay when it looks for a name.
type news uint8

const (
	notAsked    news = iota // the relay was not asked yet, and is if the name is not known here
	fresh                   // this device knows what the relay knows
	unreachable             // it may know less
)

// resolve finds the conversation called name.
func (s *shell) resolve(ctx context.Context, c *client.Client, name string, state news) (client.Conversation, error) {
	conv, err := resolveLocal(c, name)
	if state == notAsked && isUnknown(err) {
		if state, err = s.catchUp(ctx, c); err != nil {
			return conv, err
		}
		conv, err = resolveLocal(c, name)
	}
	switch {
	case err == nil:
		return conv, nil
	case isUnknown(err) && state == unreachable:
		return conv, unknownWhileOffline(name)
	case isUnknown(err):
		return conv, failf(exitNotFound, "no_conversation", lang.Words{
			EN: "Nobody and no group here is called %q. See bulle contacts and bulle conversations.",
			FR: "Personne et aucun groupe ne s'appelle %q ici. Voir bulle contacts et bulle conversations.",
		}, name)
	case errors.Is(err, client.ErrAmbiguous):
		return conv, failf(exitNotFound, "ambiguous", lang.Words{
			EN: "Several conversations are called %q. Use the identifier that bulle conversations --json shows, with # before it.",
			FR: "Plusieurs conversations s'appellent %q. Utilisez l'identifiant que montre bulle conversations --json, précédé de #.",
		}, name)
	}
	return conv, fmt.Errorf("find conversation: %w", err)
}

func isUnknown(err error) bool {
	return errors.Is(err, client.ErrNoConversation) || errors.Is(err, client.ErrNoContact)
}

// catchUp is sync for commands that go on with what this device has: that the relay cannot be reached is no failure
// then. Those that show something go on after any other failure too, and report it after the result.
func (s *shell) catchUp(ctx context.Context, c *client.Client) (news, error) {
	err := s.sync(ctx, c)
	switch {
	case err == nil:
		return fresh, nil
	case local(err):
		return unreachable, nil
	}
	return unreachable, err
}

// explained is err about a name, or late, why the relay gave no news of it: that says more.
func explained(err, late error) error {
	if late != nil {
		return late
	}
	return err
}

func unknownWhileOffline(name string) error {
	return failf(exitOffline, "unreachable", lang.Words{
		EN: "This device knows nobody and no group called %q, and the relay cannot be reached for news. Try again later.",
		FR: "Cet appareil ne connaît personne ni aucun groupe nommé %q, et le relais est injoignable. Réessayez plus tard.",
	}, name)
}

// resolveLocal finds a conversation in what this device knows. The log gives a person's name to one member only,
// while anybody may call a group so: a person goes before groups.
func resolveLocal(c *client.Client, name string) (client.Conversation, error) {
	conv, err := c.Resolve(name)
	if errors.Is(err, client.ErrAmbiguous) {
		if person, found := c.Contact(name); found == nil && person.Name == name && !person.Self {
			return c.Direct(person.ID)
		}
	}
	return conv, err
}

// contact finds the member called name, asking the relay for news if it is not known here.
func (s *shell) contact(ctx context.Context, c *client.Client, name string) (client.Contact, error) {
	found, err := c.Contact(name)
	state := fresh
	if errors.Is(err, client.ErrNoContact) {
		if state, err = s.catchUp(ctx, c); err != nil {
			return found, err
		}
		found, err = c.Contact(name)
	}
	switch {
	case errors.Is(err, client.ErrNoContact) && state == unreachable:
		return found, unknownWhileOffline(name)
	case errors.Is(err, client.ErrNoContact):
		return found, failf(exitNotFound, "no_contact", lang.Words{
			EN: "Nobody here is called %q. See bulle contacts.", FR: "Personne ne s'appelle %q ici. Voir bulle contacts.",
		}, name)
	case err != nil:
		return found, fmt.Errorf("find contact: %w", err)
	}
	return found, nil
}
