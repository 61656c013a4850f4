"""The settings of whoever seals or opens: ``GUATU_SEALING_CIPHER`` and ``GUATU_MASTER_KEY_FILE``."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from sealing.ciphers import CipherName


class SealingSettings(BaseSettings):
    """By which cipher to seal, and where the master keys are."""

    model_config = SettingsConfigDict(env_prefix="GUATU_", extra="ignore")

    sealing_cipher: CipherName = CipherName.AES_256_GCM
    """The cipher for what is sealed from now on; what is sealed already opens by its own."""
    master_key_file: Path | None = None
    """The file of master keys (``sealing.key_file``); none: nothing can be sealed or opened."""
