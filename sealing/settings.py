"""The settings of whoever seals or opens: complainants' details, and the payloads of the cases in Temporal."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from sealing.ciphers import CipherName


class PayloadSettings(BaseSettings):
    """Whether payloads are sealed on their way into Temporal, by which cipher, and where the master keys are."""

    model_config = SettingsConfigDict(env_prefix="GUATU_", extra="ignore")

    payload_key_file: Path | None = None
    """The file of master keys (``sealing.key_file``) for payloads in Temporal; none: they are in plain."""
    sealing_cipher: CipherName = CipherName.AES_256_GCM
    """The cipher for what is sealed from now on; what is sealed already opens by its own."""


class SealingSettings(PayloadSettings):
    """And where the master keys of complainants' details are."""

    master_key_file: Path | None = None
    """The file of master keys for complainants' details; none: none can be sealed or opened."""
