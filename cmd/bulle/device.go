//nolint:misspell // half of the words are French
package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"bulle/device/client"
	"bulle/device/terminal/files"
	"bulle/device/terminal/lang"
	"bulle/device/vault"
	"bulle/device/vault/file"
	"bulle/device/vault/harden"
	"bulle/device/vault/passphrase"
	"bulle/protocol/secret"
)

// vaultVariable names the vault's folder where --vault does not.
const vaultVariable = "BULLE_VAULT"

// vaultDir is the folder of the vault: the one that was named, else bulle in the user's data directory
// (XDG Base Directory specification).
func (s *shell) vaultDir() (string, error) {
	if s.flags.vault != "" {
		return s.flags.vault, nil
	}
	if dir := s.getenv(vaultVariable); dir != "" {
		return dir, nil
	}
	if data := s.getenv("XDG_DATA_HOME"); filepath.IsAbs(data) {
		return filepath.Join(data, "bulle"), nil
	}
	if home := s.getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "share", "bulle"), nil
	}
	return "", failf(exitUsage, "no_home", lang.Words{
		EN: "HOME is not set: name the vault's folder with --vault DIR.",
		FR: "HOME n'est pas défini : indiquez le dossier du coffre avec --vault DOSSIER.",
	})
}

// stretching is the flag that chooses the cost of trying passphrases.
type stretching struct{ iterations int }

func (k *stretching) flag(s *shell, cmd *cobra.Command) {
	cmd.Flags().IntVar(&k.iterations, "kdf-iterations", 0, s.lang.Say(
		"PBKDF2 iterations `N` that each try of a passphrase costs (at least 600000; default: measured here)",
		"itérations PBKDF2 `N` que coûte chaque essai de phrase de passe (au moins 600000 ; par défaut : mesuré ici)"))
}

func (k *stretching) kdf() (vault.KDF, error) {
	if k.iterations == 0 {
		return vault.KDF{}, nil
	}
	if k.iterations < vault.MinIterations {
		return vault.KDF{}, failf(exitUsage, "usage", lang.Words{
			EN: "--kdf-iterations is at least %d.", FR: "--kdf-iterations vaut au moins %d.",
		}, vault.MinIterations)
	}
	return vault.PBKDF2(uint32(k.iterations)), nil //nolint:gosec // G115: the flag is positive here
}

// openVault opens the vault that the flags name.
func (s *shell) openVault(ctx context.Context) (*vault.Vault, error) {
	v, pass, err := s.openVaultAnd(ctx)
	pass.Wipe()
	return v, err
}

// openVaultAnd is openVault for those who need the passphrase too, and wipe it.
func (s *shell) openVaultAnd(ctx context.Context) (*vault.Vault, *secret.Bytes, error) {
	dir, err := s.vaultDir()
	if err != nil {
		return nil, nil, err
	}
	// A header that is there but damaged is for the vault to tell apart.
	if _, err := os.Stat(filepath.Join(dir, "header")); errors.Is(err, fs.ErrNotExist) {
		return nil, nil, failf(exitNotFound, "no_vault", lang.Words{
			EN: "There is no vault in %s. Join a bubble first (bulle join LINK --name NAME), or name another vault with --vault.",
			FR: "Il n'y a pas de coffre dans %s. Rejoignez d'abord une bulle (bulle join LIEN --name NOM), ou indiquez un autre coffre avec --vault.",
		}, dir)
	}
	s.harden()
	backend, err := file.Open(dir, file.Options{})
	if err != nil {
		return nil, nil, fmt.Errorf("open vault: %w", err)
	}
	pass, err := s.oldPassphrase(ctx)
	if err != nil {
		return nil, nil, errors.Join(err, backend.Close())
	}
	v, err := vault.Open(ctx, backend, pass, vault.Options{})
	if err != nil {
		pass.Wipe()
		return nil, nil, errors.Join(fmt.Errorf("open vault: %w", err), backend.Close())
	}
	s.warnings(v)
	return v, pass, nil
}

// makeVault creates the vault that the flags name, or opens it if it is there already: claiming and
// joining go on where they were interrupted.
func (s *shell) makeVault(ctx context.Context, kdf vault.KDF) (*vault.Vault, error) {
	dir, err := s.vaultDir()
	if err != nil {
		return nil, err
	}
	if file.Exists(dir) {
		// A folder without a vault is what an interrupted first attempt may leave.
		if v, err := s.openVault(ctx); !errors.Is(err, vault.ErrNoVault) {
			return v, err
		}
	}
	s.harden()
	pass, err := s.newPassphrase(ctx, s.passphraseSource())
	if err != nil {
		return nil, err
	}
	defer pass.Wipe()
	if err := passphrase.Check(pass); err != nil { // before anything is made on disk
		return nil, fmt.Errorf("choose passphrase: %w", err)
	}
	backend, err := file.Open(dir, file.Options{})
	if err != nil {
		return nil, fmt.Errorf("make vault: %w", err)
	}
	v, err := vault.Create(ctx, backend, pass, vault.Options{KDF: kdf})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("make vault: %w", err), backend.Close())
	}
	s.warnings(v)
	return v, nil
}

// harden asks the system to keep this process's memory to itself, as far as it can.
func (s *shell) harden() {
	for _, warning := range harden.Process() {
		s.log.Warn("the process is not fully protected", slog.String("warning", warning))
	}
}

func (s *shell) warnings(v *vault.Vault) {
	for _, warning := range v.Warnings() {
		s.log.Warn("the vault has a warning", slog.String("warning", warning))
	}
}

func (s *shell) clientConfig(v *vault.Vault) client.Config {
	return client.Config{Vault: v, Log: s.debug, OpenFile: files.Reopen, DeviceName: deviceName()}
}

// debug keeps, with --verbose, what went wrong and mended itself.
func (s *shell) debug(what string, err error) {
	s.log.Debug(what, slog.String("error", err.Error())) //nolint:sloglint // the client gives constants
}

// withClient opens the vault and the client in it for as long as f runs.
func (s *shell) withClient(ctx context.Context, f func(c *client.Client) error) (err error) {
	v, err := s.openVault(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	c, err := client.Open(ctx, s.clientConfig(v))
	if err != nil {
		return fmt.Errorf("open client: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	return f(c)
}

// sync receives and sends what waits. Without the relay a command goes on with what this device has, and
// says so; the failure is returned for those who need the relay.
func (s *shell) sync(ctx context.Context, c *client.Client) error {
	err := c.Sync(ctx)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("synchronise: %w", ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("synchronise: %w", err)
	}
	return nil
}

// disclaimUnless says, before a result, that the relay may know more, unless a failure will say why after it.
func (s *shell) disclaimUnless(late error, state news) {
	if late == nil && state == unreachable {
		s.note("The relay cannot be reached; this is what this device has.",
			"Le relais est injoignable ; voici ce que cet appareil possède.")
	}
}

// local reports whether a command can go on without the relay after err.
func local(err error) bool { return errors.Is(err, client.ErrUnreachable) }
