package governance

import "errors"

// Sentinels, one for each decision that a caller can make.
var (
	// ErrRefused is what every [RuleError] is: the log does not take the statement.
	ErrRefused = errors.New("refused by the rules of the governance log")
	// ErrStale says that a statement was made for another place in the log than
	// its end: fetch what is new, make the statement again.
	ErrStale = errors.New("the statement does not follow the end of the log")
	// ErrSignature says that a signature does not verify, whatever the cause.
	ErrSignature = errors.New("signature does not verify")
	// ErrRoot says that the log begins with another root key than the pinned one.
	ErrRoot = errors.New("the log has another root key than the pinned one")
	// ErrInvitationUsed says that an invitation has admitted as many as it may.
	ErrInvitationUsed = errors.New("the invitation is used up")
	// ErrInvitationExpired says that an invitation's end has passed on the clock
	// of the one who checks.
	ErrInvitationExpired = errors.New("the invitation has expired")
	// ErrItem says that a directory item cannot be opened, whatever the cause.
	ErrItem = errors.New("directory item cannot be opened")
	// ErrTooLarge says that what is to be written exceeds a limit.
	ErrTooLarge = errors.New("too large")
	// ErrProof says that a proof does not hold, whatever the cause.
	ErrProof = errors.New("proof does not hold")
)

// A RuleError says which numbered rule of docs/governance.md a statement breaks.
// It is [ErrRefused], and also the sentinel of its cause if there is one.
type RuleError struct {
	Rule string // such as "G4"
	Err  error  // the cause
}

// Error names the rule and the cause.
func (e *RuleError) Error() string { return "governance rule " + e.Rule + ": " + e.Err.Error() }

// Unwrap gives the cause to errors.Is.
func (e *RuleError) Unwrap() error { return e.Err }

// Is reports that every broken rule is a refusal.
func (e *RuleError) Is(target error) bool { return target == ErrRefused }

// refuse returns the error of a broken rule.
func refuse(rule string, cause error) error { return &RuleError{Rule: rule, Err: cause} }

// refusef is refuse for a cause that nobody decides on.
func refusef(rule, cause string) error { return refuse(rule, errors.New(cause)) }
